import type { Webhook } from "../../apis/admissionregistration.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { diagnosticsChannel } from "../../diagnostics.ts";
import { CountersignError } from "../../errors.ts";
import type { WebhookTarget } from "../client/authentication-info-resolver.ts";
import type { WebhookClient } from "../client/webhook-client.ts";
import type { AdmissionAttributes, DispatchOptions } from "../matching/admission-attributes.ts";
import { refusalOf } from "../matching/refusal.ts";
import { isTokenRequest } from "../matching/webhook-matcher.ts";
import { buildReview, type VerifiedResponse, verifyReview } from "./admission-review.ts";
import { denialOf, dispatchStatus } from "./dispatch-errors.ts";

/** What admissionregistration.k8s.io/v1 defaults `timeoutSeconds` to. */
const defaultTimeoutSeconds = 10;

export interface HookCall {
  readonly client: WebhookClient;
  readonly target: WebhookTarget;
  readonly attributes: AdmissionAttributes;
  readonly options: DispatchOptions;
  readonly clock?: Clock;
  /** Shown every answer that is one, denials included. */
  readonly observe?: (response: VerifiedResponse) => void;
  /** What is done with an answer that allows; what it throws counts as the webhook's failure. */
  readonly accept?: (response: VerifiedResponse) => void;
}

/**
 * Calls one webhook for one request. Undefined: it failed, and its failurePolicy is `Ignore`.
 * @throws ERR_WEBHOOK_REJECTED when it denied, when a dry run is not for it, or when the request's time is over;
 * ERR_WEBHOOK_CALL when it failed and its failurePolicy is `Fail`.
 */
export async function callHook(call: HookCall): Promise<VerifiedResponse | undefined> {
  const { target, options, clock = systemClock } = call;
  const startedAt = clock.now();
  const finish = (code: number, rejected: boolean, failedOpen: boolean): void =>
    publish(call, { code, rejected, failedOpen, durationMs: clock.now() - startedAt });
  try {
    const response = await askHook(call, remainingMs(target.webhook, options, clock));
    finish(200, false, false);
    return response;
  } catch (error) {
    options.signal?.throwIfAborted();
    const failed = !(error instanceof CountersignError) || error.code !== "ERR_WEBHOOK_REJECTED";
    const failedOpen = failed && target.webhook.failurePolicy === "Ignore";
    finish(failed ? failureCode(error) : dispatchStatus(error).code, !failed, failedOpen);
    if (!failedOpen) throw error;
    return undefined;
  }
}

async function askHook(call: HookCall, timeoutMs: number): Promise<VerifiedResponse> {
  const { client, target, attributes, options, observe, accept } = call;
  const { webhook } = target;
  assertDryRun(webhook, attributes);
  const sent = buildReview(webhook, attributes);
  const answer = await client.call(target, sent.review, {
    timeoutMs,
    signal: options.signal,
    // the token such a webhook is called with may be the very one that is being asked for
    awaitToken: !isTokenRequest(attributes),
  });
  try {
    const response = verifyReview(sent, answer.body, target.kind === "MutatingWebhookConfiguration");
    observe?.(response);
    if (!response.allowed) throw denialOf(webhook.name, response.status);
    accept?.(response);
    return response;
  } catch (error) {
    if (!(error instanceof CountersignError) || error.code !== "ERR_WEBHOOK_CALL") throw error;
    throw callFailure(webhook, `received invalid webhook response: ${error.message}`, error);
  }
}

function assertDryRun({ name, sideEffects }: Webhook, { dryRun }: AdmissionAttributes): void {
  if (dryRun !== true || sideEffects === "None" || sideEffects === "NoneOnDryRun") return;
  if (sideEffects === undefined)
    throw new CountersignError(
      "ERR_WEBHOOK_CALL",
      `failed calling webhook ${JSON.stringify(name)}: webhook SideEffects is nil`,
    );
  throw refusalOf({
    code: 400,
    reason: "BadRequest",
    message: `admission webhook ${JSON.stringify(name)} does not support dry run`,
  });
}

function remainingMs(
  webhook: Webhook,
  { deadlineAt = Number.POSITIVE_INFINITY }: DispatchOptions,
  clock: Clock,
): number {
  const leftMs = deadlineAt - clock.now();
  if (leftMs <= 0)
    throw refusalOf({
      code: 504,
      reason: "Timeout",
      message: "Timeout: request did not complete within requested timeout - context deadline exceeded",
    });
  return Math.min((webhook.timeoutSeconds ?? defaultTimeoutSeconds) * 1000, leftMs);
}

/** `failed calling webhook "NAME": …`, as kube-apiserver puts it. */
export function callFailure({ name }: Webhook, reason: string, cause?: unknown): CountersignError {
  return new CountersignError(
    "ERR_WEBHOOK_CALL",
    `failed calling webhook ${JSON.stringify(name)}: ${reason}`,
    {
      cause,
    },
  );
}

/** kube-apiserver's metric label: the webhook's own HTTP status, or 503 where there was none. */
function failureCode(error: unknown): number {
  const cause = error instanceof CountersignError ? error.cause : undefined;
  if (!(cause instanceof CountersignError) || cause.code !== "ERR_API_STATUS") return 503;
  return Math.min((cause.cause as { readonly code: number }).code, 600);
}

interface Outcome {
  readonly code: number;
  readonly rejected: boolean;
  readonly failedOpen: boolean;
  readonly durationMs: number;
}

const channel = diagnosticsChannel("countersign:webhook");

function publish({ target, attributes }: HookCall, outcome: Outcome): void {
  if (!channel.hasSubscribers) return;
  const type = target.kind === "MutatingWebhookConfiguration" ? "admit" : "validating";
  channel.publish({ webhook: target.webhook.name, operation: attributes.operation, type, ...outcome });
}
