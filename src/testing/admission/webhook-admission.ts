import type { JSONValue } from "../../admission/json-value.ts";
import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";
import type { Status } from "../../apis/meta.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import { createMatchConditionEvaluator } from "../../cel/cel-match-condition-evaluator.ts";
import { CountersignError } from "../../errors.ts";
import type { ServiceResolver } from "../../webhook/client/service-resolver.ts";
import type { WebhookClient } from "../../webhook/client/webhook-client.ts";
import { dispatchStatus } from "../../webhook/dispatch/dispatch-errors.ts";
import type { PatchedObjects } from "../../webhook/dispatch/dispatcher.ts";
import { createMutatingDispatcher } from "../../webhook/dispatch/mutating-dispatcher.ts";
import { createValidatingDispatcher } from "../../webhook/dispatch/validating-dispatcher.ts";
import type { DispatchOptions } from "../../webhook/matching/dispatch-options.ts";
import { type ApiObject, objectAt, stringAt } from "../objects/api-object.ts";
import { apiVersionOf, type ResourceRegistry } from "../objects/resource-kind.ts";
import { conformObject } from "../schema/field-validation.ts";
import { StatusError } from "../status/status-error.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { strategyOf } from "../strategies/object-strategy.ts";
import type { AdmissionAttributes, AdmissionChain } from "./admission-attributes.ts";

export interface WebhookAdmissionOptions {
  readonly client: WebhookClient;
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  /** Who answers `authorizer` in match conditions. */
  readonly authorizer: Authorizer;
}

/** The webhooks' part of the chain; `inTree` is what the other plugins do to an object that webhooks have changed. */
export interface WebhookAdmission extends AdmissionChain {
  mutate(
    attributes: AdmissionAttributes,
    inTree?: (object: ApiObject) => ApiObject,
  ): Promise<ApiObject | undefined>;
}

/** Webhooks as any user of `countersign/webhook` calls them, over the configurations in the store. */
export function createWebhookAdmission(options: WebhookAdmissionOptions): WebhookAdmission {
  const { client, store, registry, authorizer } = options;
  const kinds = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"].map(
    (resource) => registry.find("admissionregistration.k8s.io", "v1", resource)!,
  );
  const namespaces = registry.find("", "v1", "namespaces")!;
  const dispatcher = {
    client,
    configurations: () => kinds.flatMap((kind) => store.list(kind, "")) as unknown as WebhookConfiguration[],
    namespaceLabels: (name: string) => {
      const found = store.get(namespaces, "", name);
      return found && (found.metadata.labels ?? {});
    },
  };
  const matchConditions = createMatchConditionEvaluator({ authorizer });
  const patchedObjects = createPatchedObjects(registry);
  const mutating = createMutatingDispatcher({ ...dispatcher, matchConditions, patchedObjects });
  const validating = createValidatingDispatcher({ ...dispatcher, matchConditions });
  return {
    mutate: (attributes, inTree = (object) => object) =>
      answered(async () => {
        const { object } = await mutating.mutate(plain(attributes), {
          ...passingOn(attributes),
          inTree: (changed) => asJSON(inTree(asObject(changed))),
        });
        return object === undefined ? undefined : asObject(object);
      }),
    validate: (attributes) =>
      answered(async () => {
        await validating.validate(plain(attributes), passingOn(attributes));
      }),
  };
}

/** A webhook's warnings reach the client whether the request is allowed or not. */
function passingOn({ warn }: AdmissionAttributes): DispatchOptions {
  return {
    onNotes({ warnings }) {
      for (const warning of warnings) warn(warning);
    },
  };
}

/** An object of the store is JSON: it has no member that is undefined. */
function plain({
  warn,
  ...attributes
}: AdmissionAttributes): Parameters<ReturnType<typeof createValidatingDispatcher>["validate"]>[0] {
  const { object, oldObject, options, ...rest } = attributes;
  return {
    ...rest,
    ...(object === undefined ? {} : { object: asJSON(object) }),
    ...(oldObject === undefined ? {} : { oldObject: asJSON(oldObject) }),
    options: options as unknown as JSONValue,
  };
}

/** What a patch made of an object is read into its kind again, as at the beginning. */
function createPatchedObjects(registry: ResourceRegistry): PatchedObjects {
  return {
    decode: (object) => asJSON(conformObject(asObject(object)).object),
    default(object, kind) {
      const found = registry.findKind(apiVersionOf(kind), kind.kind);
      const defaults = found === undefined ? undefined : strategyOf(found).defaults;
      return defaults === undefined ? object : asJSON(defaults(asObject(object)));
    },
  };
}

const asObject = (value: JSONValue): ApiObject => value as unknown as ApiObject;
const asJSON = (object: ApiObject): JSONValue => object as unknown as JSONValue;

async function answered<T>(dispatch: () => Promise<T>): Promise<T> {
  try {
    return await dispatch();
  } catch (error) {
    if (error instanceof StatusError) throw error;
    const { message = "", reason, code, details } = dispatchStatus(error) satisfies Status;
    throw new StatusError(code, reason, message, details);
  }
}

/**
 * Services of type ExternalName, as kube-apiserver follows them without a cluster network: the name is dialled, the port
 * is the one asked for. Anything else has no endpoints here.
 */
export function createServiceResolver({
  store,
  registry,
}: Pick<WebhookAdmissionOptions, "store" | "registry">): ServiceResolver {
  const services = registry.find("", "v1", "services")!;
  return {
    resolve({ namespace, name, port }) {
      const service = store.get(services, namespace, name);
      if (service === undefined)
        throw new CountersignError("ERR_TRANSPORT", `service ${JSON.stringify(name)} not found`);
      const spec = objectAt(service, "spec");
      const host = stringAt(spec, "externalName");
      if (spec.type === "ExternalName" && host !== undefined) return { host, port };
      throw new CountersignError(
        "ERR_TRANSPORT",
        `no endpoints available for service ${JSON.stringify(name)}`,
      );
    },
  };
}
