import type { Status } from "../../apis/meta.ts";
import { CountersignError } from "../../errors.ts";

/** A request that admission refuses: ERR_WEBHOOK_REJECTED, the Status an API server answers with as cause. */
export function refusalOf(
  status: Status & { readonly code: number; readonly message: string },
): CountersignError {
  return new CountersignError("ERR_WEBHOOK_REJECTED", status.message, {
    cause: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", ...status },
  });
}

/** One with 500: what went wrong is no webhook's fault, so that no failurePolicy forgives it. */
export function internalRefusal(message: string): CountersignError {
  return refusalOf({
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
}
