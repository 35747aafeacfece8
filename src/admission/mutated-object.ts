import { CountersignError } from "../errors.ts";
import { diffJSON } from "./json-diff.ts";
import { copyJSON, encodeLossless } from "./json-encoder.ts";
import { parseJSON } from "./json-runtime.ts";
import type { JSONValue } from "./json-value.ts";
import { Denial, type Policy } from "./policy.ts";
import type { DecodedReview } from "./review.ts";
import { describe, noVerdict, type Refusal, readDenial, refusal } from "./verdict.ts";

/** The object under review while one policy after the other changes it. */
export interface MutatedObject {
  /** A copy for the next policy to change, 64-bit integers as bigints; undefined where there is no object. */
  draft(): unknown;
  /** Takes what a policy left of its draft, or returned instead. */
  accept(policy: Policy, draft: unknown, answer: unknown): Refusal | undefined;
  /** A copy of what it has become, as a validating policy is shown it. */
  value(): unknown;
  /** The difference as the text of an RFC 6902 array; undefined where nothing changed. */
  patch(): string | undefined;
}

export function createMutatedObject({ object, request }: DecodedReview): MutatedObject {
  /** Undefined as long as no policy has touched it. */
  let current: JSONValue | undefined;
  return {
    draft: () => (current === undefined ? object?.lossless() : copyJSON(current)),
    accept(policy, draft, answer) {
      if (answer instanceof Denial) return readDenial(answer);
      const result = answer === undefined ? draft : answer;
      if (result === undefined) return undefined;
      if (object === undefined) return noObject(policy, request.operation);
      const problem = strayResult(result, object.typeMeta());
      if (problem !== undefined) return noVerdict(policy, `mutate ${problem}`);
      try {
        current = copyJSON(result);
      } catch (error) {
        return notJSON(policy, error);
      }
      return undefined;
    },
    value() {
      if (current === undefined) return object?.value();
      const text = encodeLossless(current);
      return parseJSON(text, text.includes("\\"));
    },
    patch() {
      if (object === undefined || current === undefined) return undefined;
      const operations = diffJSON(object.lossless(), current);
      return operations.length === 0 ? undefined : encodeLossless(operations as unknown as JSONValue);
    },
  };
}

/**
 * Why something cannot be the object that shall be. `(review) => (review.object.metadata.labels.a = "b")` returns
 * `"b"`, and `Object.assign(labels, …)` the labels: neither was meant to take the object's place.
 */
function strayResult(
  result: unknown,
  { apiVersion, kind }: { readonly apiVersion?: string; readonly kind?: string },
): string | undefined {
  if (typeof result !== "object" || result === null || Array.isArray(result))
    return `returned ${describe(result)} instead of the object, a denial or nothing`;
  const found = result as { apiVersion?: unknown; kind?: unknown };
  if (found.apiVersion === apiVersion && found.kind === kind) return undefined;
  return "left an object of another apiVersion and kind than the one under review";
}

function noObject(policy: Policy, operation: string): Refusal {
  return refusal(
    "ERR_PATCH_INVALID",
    `policy ${policy.name} changes an object where there is none`,
    `mutate returned an object on ${operation}`,
  );
}

function notJSON(policy: Policy, error: unknown): Refusal {
  const detail = error instanceof CountersignError ? error.message : String(error);
  return refusal("ERR_PATCH_INVALID", `policy ${policy.name} made of the object what is not JSON`, detail);
}
