import type { Webhook } from "../../apis/admissionregistration.ts";
import type { Status } from "../../apis/meta.ts";
import { CountersignError } from "../../errors.ts";
import { refusalOf } from "../matching/refusal.ts";

/** What a webhook's denial is to the API server's client: its words with its name before them, its code if it is one. */
export function denialOf(webhook: string, given: Status | undefined): CountersignError {
  const words = given?.message || given?.reason;
  const explanation = words ? `: ${words}` : " without explanation";
  return refusalOf({
    ...given,
    status: "Failure",
    code: denialCode(given),
    message: `admission webhook ${JSON.stringify(webhook)} denied the request${explanation}`,
  });
}

/** Never less than an error, whatever the webhook wrote (apiserver pkg/admission/plugin/webhook/errors). */
export function denialCode(given: Status | undefined): number {
  return Math.max(given?.code ?? 0, 400);
}

/** A webhook's failure: its failurePolicy decides what becomes of the request. */
export class HookFailure extends CountersignError {
  /** The HTTP status that kube-apiserver counts it under. */
  readonly countedAs: number;

  constructor({ name }: Webhook, reason: string, countedAs: number, cause?: unknown) {
    super("ERR_WEBHOOK_CALL", `failed calling webhook ${JSON.stringify(name)}: ${reason}`, { cause });
    this.countedAs = countedAs;
  }
}

/** Faults that are met before anything is sent, which kube-apiserver counts as its own. */
const ownFaults: ReadonlySet<string> = new Set([
  "ERR_WEBHOOK_CALL",
  "ERR_KUBECONFIG",
  "ERR_CERTIFICATE_INVALID",
  "ERR_AUDIENCE",
]);

/** The HTTP status that a failure is counted under: the webhook's own, 500 where nothing was sent, 503 otherwise. */
export function failureCode(error: unknown): number {
  if (error instanceof HookFailure) return error.countedAs;
  const cause = error instanceof CountersignError ? error.cause : undefined;
  if (!(cause instanceof CountersignError)) return 503;
  if (cause.code === "ERR_API_STATUS") return Math.min((cause.cause as { readonly code: number }).code, 600);
  return ownFaults.has(cause.code) ? 500 : 503;
}

/** The request's own time is over. */
export function requestTimeout(): CountersignError {
  return refusalOf({
    code: 504,
    reason: "Timeout",
    message: "Timeout: request did not complete within requested timeout",
    details: {},
  });
}

/** What an API server answers its client with when dispatching threw. */
export function dispatchStatus(error: unknown): Status & { readonly code: number } {
  if (error instanceof CountersignError && error.code === "ERR_WEBHOOK_REJECTED")
    return error.cause as Status & { readonly code: number };
  const failure = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" } as const;
  // while configurations have not been read nobody knows which webhooks there are: an API server forbids everything then
  if (error instanceof CountersignError && error.code === "ERR_WEBHOOKS_NOT_SYNCED")
    return { ...failure, message: error.message, reason: error.reason, details: {}, code: error.status };
  const message = error instanceof CountersignError ? error.message : "an internal error";
  return {
    ...failure,
    message: `Internal error occurred: ${message}`,
    reason: "InternalError",
    details: { causes: [{ message }] },
    code: 500,
  };
}
