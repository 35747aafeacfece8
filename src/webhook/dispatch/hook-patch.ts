import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import { equalJSON } from "../../admission/json-diff.ts";
import { applyJSONPatch } from "../../admission/json-patch.ts";
import { parseLossless } from "../../admission/json-runtime.ts";
import type { JSONValue } from "../../admission/json-value.ts";
import type { Webhook } from "../../apis/admissionregistration.ts";
import { CountersignError, errorMessageOf } from "../../errors.ts";
import { internalRefusal } from "../matching/refusal.ts";
import type { VerifiedResponse } from "./admission-review.ts";
import { denialCode, HookFailure } from "./dispatch-errors.ts";
import type { PatchedObjects } from "./dispatcher.ts";

/** What a webhook's patch made of the object. */
export interface PatchedObject {
  readonly object: JSONValue;
  /** Whether it is another than before, defaults aside. */
  readonly changed: boolean;
  readonly patch: readonly JSONValue[];
}

/**
 * The object as the patch in a response leaves it; undefined where there is none, or one without operations.
 * @throws ERR_WEBHOOK_CALL for a patch that cannot be read or is of another type, which is the webhook's failure;
 * ERR_WEBHOOK_REJECTED (500) for one that cannot be applied, which no failurePolicy forgives.
 */
export async function patchedObject(
  webhook: Webhook,
  { kind, object }: AdmissionAttributes,
  response: VerifiedResponse,
  patchedObjects: PatchedObjects | undefined,
): Promise<PatchedObject | undefined> {
  const patch = decodePatch(webhook, response.patch);
  if (patch.length === 0) return undefined;
  if (object === undefined)
    throw internalRefusal(
      `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
    );
  const { patchType, status } = response;
  if (patchType !== "JSONPatch")
    throw new HookFailure(
      webhook,
      `unsupported patch type ${JSON.stringify(patchType)}`,
      Math.min(denialCode(status), 600),
    );
  const made = await unforgiven(webhook, async () => {
    const applied = applyJSONPatch(object, patch);
    const decoded = (await patchedObjects?.decode(applied, kind)) ?? applied;
    return { decoded, completed: (await patchedObjects?.default(decoded, kind)) ?? decoded };
  });
  return { object: made.completed, changed: !equalJSON(object, made.decoded), patch };
}

function decodePatch(webhook: Webhook, encoded: string): readonly JSONValue[] {
  if (encoded === "") return [];
  try {
    const decoded = parseLossless(Buffer.from(encoded, "base64").toString("utf8"));
    if (decoded === null) return [];
    if (Array.isArray(decoded)) return decoded;
  } catch (error) {
    throw undecodable(webhook, error);
  }
  throw undecodable(webhook);
}

function undecodable(webhook: Webhook, cause?: unknown): HookFailure {
  const reason = "received undecodable patch in webhook response: it is not a JSON array";
  return new HookFailure(webhook, reason, 503, cause);
}

/** Half-applied advice is no advice: the request fails, whatever the failurePolicy. */
async function unforgiven<T>({ name }: Webhook, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CountersignError && error.code === "ERR_WEBHOOK_REJECTED") throw error;
    const reason = errorMessageOf(error);
    throw internalRefusal(`applying the patch of admission webhook ${JSON.stringify(name)}: ${reason}`);
  }
}
