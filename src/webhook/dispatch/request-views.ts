import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import type { JSONValue } from "../../admission/json-value.ts";
import type { GroupVersionKind } from "../../apis/meta.ts";
import { CountersignError, errorMessageOf } from "../../errors.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import { type EquivalentResources, sameKind, sameResource } from "../matching/equivalent-resources.ts";
import { internalRefusal } from "../matching/refusal.ts";
import type { MatchedResource } from "../matching/rule-matcher.ts";

/** Shows a request to each webhook as the resource and kind that it asks for. */
export type RequestViews = (matched: MatchedResource) => MaybePromise<AdmissionAttributes>;

/**
 * The views of a request that stays as it is; its objects are converted once for each kind.
 * @throws ERR_WEBHOOK_REJECTED (500) when the conversion throws.
 */
export function createRequestViews(
  attributes: AdmissionAttributes,
  equivalents: EquivalentResources | undefined,
): RequestViews {
  const converted: { readonly kind: GroupVersionKind; readonly objects: Promise<RequestObjects> }[] = [];
  return (matched) => {
    if (isAsRequested(matched, attributes)) return attributes;
    let found = converted.find(({ kind }) => sameKind(kind, matched.kind));
    if (found === undefined) {
      const { object, kind: from } = attributes;
      const { kind } = matched;
      found = { kind, objects: convertAll({ asked: attributes, object, from, to: kind }, equivalents) };
      converted.push(found);
    }
    return found.objects.then((objects) => viewOf(attributes, matched, objects));
  };
}

/** A request whose object changes from webhook to webhook. */
export interface MutableRequest {
  /** As it was requested, with the objects as they are now, whichever kind they are of: for matching. */
  current(): AdmissionAttributes;
  /** What was requested, in the kind that a webhook asks for. */
  readonly as: RequestViews;
  /** What a webhook made of the object, in the kind it was shown last. */
  replace(object: JSONValue): void;
  /** What somebody made of it in the kind that was requested. */
  restart(object: JSONValue): void;
  /** The object in the kind that was requested. */
  result(): Promise<JSONValue | undefined>;
}

export function createMutableRequest(
  asked: AdmissionAttributes,
  equivalents: EquivalentResources | undefined,
): MutableRequest {
  let kind = asked.kind;
  let objects = objectsOf(asked);
  let changed = false;
  const restart = (object: JSONValue): void => {
    kind = asked.kind;
    objects = objectsOf({ ...asked, object });
    changed = true;
  };
  return {
    current: () => ({ ...asked, ...objects }),
    async as(matched) {
      if (!sameKind(kind, matched.kind)) {
        // an object nobody has changed is converted from what came: a way there and back may lose something
        const now = changed
          ? { object: objects.object, from: kind }
          : { object: asked.object, from: asked.kind };
        objects = await convertAll({ asked, ...now, to: matched.kind }, equivalents);
        kind = matched.kind;
      }
      return viewOf(asked, matched, objects);
    },
    replace(object) {
      objects = { ...objects, object };
      changed = true;
    },
    restart,
    async result() {
      return changed ? convert(objects.object, kind, asked.kind, equivalents) : asked.object;
    },
  };
}

type RequestObjects = Pick<AdmissionAttributes, "object" | "oldObject">;

function objectsOf(given: {
  readonly object?: JSONValue | undefined;
  readonly oldObject?: JSONValue | undefined;
}): RequestObjects {
  const { object, oldObject } = given;
  return {
    ...(object === undefined ? {} : { object }),
    ...(oldObject === undefined ? {} : { oldObject }),
  };
}

function isAsRequested({ resource, kind }: MatchedResource, attributes: AdmissionAttributes): boolean {
  return sameResource(resource, attributes.resource) && sameKind(kind, attributes.kind);
}

function viewOf(
  attributes: AdmissionAttributes,
  { resource, kind }: MatchedResource,
  objects: RequestObjects,
): AdmissionAttributes {
  if (isAsRequested({ resource, kind }, attributes)) return { ...attributes, ...objects };
  const { kind: requestKind, resource: requestResource } = attributes;
  return { ...attributes, resource, kind, requestKind, requestResource, ...objects };
}

/** Both objects of a request in another kind; of the object, what has become of it and in which kind. */
interface Conversion {
  readonly asked: AdmissionAttributes;
  readonly object: JSONValue | undefined;
  readonly from: GroupVersionKind;
  readonly to: GroupVersionKind;
}

async function convertAll(
  { asked, object, from, to }: Conversion,
  equivalents: EquivalentResources | undefined,
): Promise<RequestObjects> {
  const [converted, oldObject] = await Promise.all([
    convert(object, from, to, equivalents),
    convert(asked.oldObject, asked.kind, to, equivalents),
  ]);
  return objectsOf({ object: converted, oldObject });
}

async function convert(
  object: JSONValue | undefined,
  from: GroupVersionKind,
  to: GroupVersionKind,
  equivalents: EquivalentResources | undefined,
): Promise<JSONValue | undefined> {
  if (object === undefined || equivalents === undefined || sameKind(from, to)) return object;
  try {
    return await equivalents.convert(object, to);
  } catch (error) {
    if (error instanceof CountersignError && error.code === "ERR_WEBHOOK_REJECTED") throw error;
    throw internalRefusal(errorMessageOf(error));
  }
}
