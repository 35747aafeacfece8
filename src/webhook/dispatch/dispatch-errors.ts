import type { Status } from "../../apis/meta.ts";
import { CountersignError } from "../../errors.ts";
import { refusalOf } from "../matching/refusal.ts";

/** What a webhook's denial is to the API server's client: its words with its name before them, its code if it is one. */
export function denialOf(webhook: string, given: Status | undefined): CountersignError {
  const words = given?.message || given?.reason;
  const explanation = words ? `: ${words}` : " without explanation";
  const code = given?.code ?? 0;
  return refusalOf({
    ...given,
    status: "Failure",
    // never less than an error, whatever the webhook wrote (apiserver pkg/admission/plugin/webhook/errors)
    code: Math.max(code, 400),
    message: `admission webhook ${JSON.stringify(webhook)} denied the request${explanation}`,
  });
}

/** What an API server answers its client with when dispatching threw. */
export function dispatchStatus(error: unknown): Status & { readonly code: number } {
  if (error instanceof CountersignError && error.code === "ERR_WEBHOOK_REJECTED")
    return error.cause as Status & { readonly code: number };
  const message = error instanceof CountersignError ? error.message : "an internal error";
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `Internal error occurred: ${message}`,
    reason: "InternalError",
    details: { causes: [{ message }] },
    code: 500,
  };
}
