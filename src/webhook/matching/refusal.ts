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
