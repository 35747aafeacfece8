import { isAuditAnnotationKey } from "../../admission/audit-annotations.ts";
import { encodeLossless } from "../../admission/json-encoder.ts";
import { isJSONObject, type JSONValue } from "../../admission/json-value.ts";
import type { Hook } from "../matching/indexed-hooks.ts";

/** A DNS subdomain: what stands before the slash of a qualified name (apimachinery validation.IsQualifiedName). */
const prefixPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** The key an annotation of a webhook's own is kept under; undefined where an API server would drop it. */
export function ownAnnotationKey(webhook: string, key: string): string | undefined {
  const qualified = webhook.length <= 253 && prefixPattern.test(webhook) && isAuditAnnotationKey(key);
  return qualified ? `${webhook}/${key}` : undefined;
}

/** The keys under which a dispatcher says what became of a webhook's call. */
export type CallAnnotation =
  | "failed-open.validating.webhook.admission.k8s.io"
  | "failed-open.mutation.webhook.admission.k8s.io"
  | "mutation.webhook.admission.k8s.io"
  | "patch.webhook.admission.k8s.io";

export function callAnnotationKey(what: CallAnnotation, round: number, index: number): string {
  return `${what}/round_${round}_index_${index}`;
}

/** Whether a webhook changed the object: the value of `mutation.webhook.admission.k8s.io/…`. */
export function mutationAnnotation({ configuration, webhook }: Hook, mutated: boolean): string {
  return goJSON({ configuration: configuration.name, webhook: webhook.name, mutated });
}

/** What a webhook changed: the value of `patch.webhook.admission.k8s.io/…`. */
export function patchAnnotation({ configuration, webhook }: Hook, patch: readonly JSONValue[]): string {
  return goJSON({
    configuration: configuration.name,
    webhook: webhook.name,
    patch: patch.map(withSortedMembers),
    patchType: "JSONPatch",
  });
}

/** An operation is a map to evanphx/json-patch, and Go writes maps by key. */
function withSortedMembers(operation: JSONValue): JSONValue {
  if (!isJSONObject(operation)) return operation;
  return Object.fromEntries(Object.entries(operation).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** As Go's encoding/json writes it: safe within HTML. These characters stand in strings only. */
function goJSON(value: JSONValue): string {
  return encodeLossless(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
