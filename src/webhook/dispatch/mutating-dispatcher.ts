import { applyJSONPatch } from "../../admission/json-patch.ts";
import { parseLossless } from "../../admission/json-runtime.ts";
import type { JSONValue } from "../../admission/json-value.ts";
import { CountersignError } from "../../errors.ts";
import type { WebhookTarget } from "../client/authentication-info-resolver.ts";
import type {
  AdmissionAttributes,
  DispatchNotes,
  DispatchOptions,
} from "../matching/admission-attributes.ts";
import { refusalOf } from "../matching/refusal.ts";
import type { VerifiedResponse } from "./admission-review.ts";
import { createNotesCollector, type DispatcherOptions, type NotesCollector } from "./dispatcher.ts";
import { callFailure, callHook } from "./hook-call.ts";
import { isExcluded, kubeAPIServerExclusions, orderedTargets, shouldCall } from "./hook-selection.ts";

/** Calls the mutating webhooks of a request, one after the other, each with what the one before it made. */
export interface MutatingDispatcher {
  /**
   * The object as all webhooks have left it, each having been shown what the ones before it made. The request's own
   * object stays as it is.
   * @throws the first refusal or failure, see {@link dispatchStatus}; a patch that does not apply fails the request
   * whatever the failurePolicy.
   */
  mutate(
    attributes: AdmissionAttributes,
    options?: DispatchOptions,
  ): Promise<DispatchNotes & { readonly object: JSONValue | undefined }>;
}

/** Mutating webhooks, one after the other in a single round: `reinvocationPolicy: IfNeeded` has no effect. */
export function createMutatingDispatcher(dispatcher: DispatcherOptions): MutatingDispatcher {
  const { client, configurations, namespaceLabels, excluded = kubeAPIServerExclusions, clock } = dispatcher;

  async function callOne(
    target: WebhookTarget,
    index: number,
    attributes: AdmissionAttributes,
    options: DispatchOptions,
    collector: NotesCollector,
  ): Promise<AdmissionAttributes> {
    let patch: JSONValue = null;
    const call = {
      ...{ client, target, attributes, options, ...(clock === undefined ? {} : { clock }) },
      observe: (response: VerifiedResponse): void => collector.take(target, response),
      accept: (response: VerifiedResponse): void => {
        patch = decodePatch(response);
      },
    };
    if ((await callHook(call)) === undefined) collector.failedOpen("mutation", index, target);
    return applyPatch(target, attributes, patch);
  }

  return {
    async mutate(attributes, options = {}) {
      const collector = createNotesCollector();
      const kind = "MutatingWebhookConfiguration";
      const targets = isExcluded(attributes, excluded)
        ? []
        : orderedTargets(configurations(), kind, attributes.resource.group);
      let current = attributes;
      try {
        // matched against what the webhooks before it have made
        for (const [index, target] of targets.entries())
          if (await shouldCall(target, current, namespaceLabels))
            current = await callOne(target, index, current, options, collector);
        return { ...collector.notes, object: current.object };
      } finally {
        options.onNotes?.(collector.notes);
      }
    },
  };
}

function decodePatch({ patch, patchType }: VerifiedResponse): JSONValue {
  if (patch === "") return null;
  if (patchType !== "JSONPatch")
    throw new CountersignError(
      "ERR_WEBHOOK_CALL",
      `webhook returned response.patchType ${JSON.stringify(patchType)}`,
    );
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(patch)) throw undecodable();
  const decoded = parsePatch(Buffer.from(patch, "base64").toString("utf8"));
  if (decoded !== null && !Array.isArray(decoded)) throw undecodable();
  return decoded;
}

function parsePatch(text: string): JSONValue {
  try {
    return parseLossless(text);
  } catch {
    throw undecodable();
  }
}

function undecodable(): CountersignError {
  return new CountersignError("ERR_WEBHOOK_CALL", "response.patch is not base64 of a JSON array");
}

function applyPatch(
  target: WebhookTarget,
  attributes: AdmissionAttributes,
  patch: JSONValue,
): AdmissionAttributes {
  if (!Array.isArray(patch) || patch.length === 0) return attributes;
  const { webhook } = target;
  if (attributes.object === undefined)
    throw internalError(
      `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
    );
  try {
    return { ...attributes, object: applyJSONPatch(attributes.object, patch) };
  } catch (error) {
    throw internalError(callFailure(webhook, `applying its patch: ${(error as Error).message}`).message);
  }
}

/** Outside any failurePolicy: half-applied advice is no advice. */
function internalError(message: string): CountersignError {
  return refusalOf({ code: 500, reason: "InternalError", message: `Internal error occurred: ${message}` });
}
