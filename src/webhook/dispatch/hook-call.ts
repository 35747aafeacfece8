import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import type { Webhook } from "../../apis/admissionregistration.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { diagnosticsChannel, type WebhookErrorType } from "../../diagnostics.ts";
import { CountersignError, errorMessageOf } from "../../errors.ts";
import type { WebhookTarget } from "../client/authentication-info-resolver.ts";
import type { WebhookAnswer, WebhookClient } from "../client/webhook-client.ts";
import type { DispatchOptions } from "../matching/dispatch-options.ts";
import { internalRefusal, refusalOf } from "../matching/refusal.ts";
import { isTokenRequest } from "../matching/webhook-matcher.ts";
import { faultOf } from "../sources/configuration-faults.ts";
import { buildReview, type OutgoingReview, type VerifiedResponse, verifyReview } from "./admission-review.ts";
import { denialCode, denialOf, failureCode, HookFailure } from "./dispatch-errors.ts";

/** What admissionregistration.k8s.io/v1 defaults `timeoutSeconds` to. */
const defaultTimeoutSeconds = 10;

export interface HookCall {
  readonly client: WebhookClient;
  readonly target: WebhookTarget;
  /** As the webhook is shown the request. */
  readonly attributes: AdmissionAttributes;
  readonly options: DispatchOptions;
  readonly clock?: Clock | undefined;
  /** Shown every answer that is one, denials included. */
  readonly observe?: (response: VerifiedResponse) => void;
  /** What is done with an answer that allows. A {@link HookFailure} it throws counts as the webhook's failure. */
  readonly accept?: (response: VerifiedResponse) => Promise<void>;
}

/**
 * Calls one webhook for one request. False: it failed, and its failurePolicy is `Ignore`.
 * @throws ERR_WEBHOOK_REJECTED when it denied or a dry run is not for it; ERR_WEBHOOK_CALL when it failed and its
 * failurePolicy is not `Ignore`; the signal's reason.
 */
export async function callHook(call: HookCall): Promise<boolean> {
  const { clock = systemClock } = call;
  const startedAt = clock.now();
  const finish = (outcome: Outcome): void => publish(call, outcome, clock.now() - startedAt);
  let denial: Denial | undefined;
  try {
    denial = await askHook(call, clock);
  } catch (error) {
    return settle(call, error, finish);
  }
  if (denial === undefined) {
    finish({ code: 200, rejected: false, failedOpen: false });
    return true;
  }
  const { code, error } = denial;
  finish({ code, rejected: true, failedOpen: false, errorType: "no_error", detail: error.message });
  throw error;
}

/** What becomes of the request when a call did not come to a verdict. */
function settle(
  { target: { webhook, kind }, options }: HookCall,
  error: unknown,
  finish: (outcome: Outcome) => void,
): false {
  const mayFail = webhook.failurePolicy === "Ignore";
  const detail = errorMessageOf(error);
  if (options.signal?.aborted) {
    // whoever asked gave up: neither the webhook's failure nor ours
    finish({ code: 503, rejected: !mayFail, failedOpen: false, detail });
    throw options.signal.reason;
  }
  const known = error instanceof CountersignError;
  const failed = known && error.code === "ERR_WEBHOOK_CALL";
  // upstream survives a panic of its own where it validates, for nothing is half done there
  const forgiven = mayFail && (failed || (!known && kind === "ValidatingWebhookConfiguration"));
  const errorType = failed ? "calling_webhook_error" : "apiserver_internal_error";
  const code = failed ? failureCode(error) : 0;
  finish({ code, detail, rejected: !forgiven, failedOpen: forgiven, ...(forgiven ? {} : { errorType }) });
  if (forgiven) return false;
  throw known ? error : panicOf(kind, webhook);
}

/** Without the error's own words: nobody knows what they hold. They are in the diagnostics. */
function panicOf(kind: WebhookTarget["kind"], { name }: Webhook): CountersignError {
  const plugin = kind.replace("WebhookConfiguration", "AdmissionWebhook");
  return internalRefusal(`${plugin}/${name} has panicked`);
}

interface Denial {
  readonly code: number;
  readonly error: CountersignError;
}

async function askHook(call: HookCall, clock: Clock): Promise<Denial | undefined> {
  const { client, target, attributes, options, observe, accept } = call;
  const { webhook } = target;
  assertDryRun(webhook, attributes);
  const fault = faultOf(webhook);
  if (fault !== undefined) throw new HookFailure(webhook, fault.message, 500, fault);
  const sent = buildReview(webhook, attributes);
  const answer = await client.call(target, sent.review, {
    timeoutMs: remainingMs(webhook, options, clock),
    signal: options.signal,
    // the token such a webhook is called with may be the very one that is being asked for
    awaitToken: !isTokenRequest(attributes),
  });
  const response = verified(target, sent, answer);
  observe?.(response);
  if (!response.allowed) {
    const { status } = response;
    return { code: Math.min(denialCode(status), 600), error: denialOf(webhook.name, status) };
  }
  await accept?.(response);
  return undefined;
}

function verified(target: WebhookTarget, sent: OutgoingReview, { body }: WebhookAnswer): VerifiedResponse {
  try {
    return verifyReview(sent, body, target.kind === "MutatingWebhookConfiguration");
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    throw new HookFailure(target.webhook, `received invalid webhook response: ${error.message}`, 503, error);
  }
}

function assertDryRun(webhook: Webhook, { dryRun }: AdmissionAttributes): void {
  const { name, sideEffects } = webhook;
  if (dryRun !== true || sideEffects === "None" || sideEffects === "NoneOnDryRun") return;
  if (sideEffects === undefined) throw new HookFailure(webhook, "Webhook SideEffects is nil", 400);
  throw refusalOf({
    code: 400,
    reason: "BadRequest",
    message: `admission webhook ${JSON.stringify(name)} does not support dry run`,
  });
}

/** The webhook's time, and no more than the request has left. */
function remainingMs(
  webhook: Webhook,
  { deadlineAt = Number.POSITIVE_INFINITY }: DispatchOptions,
  clock: Clock,
): number {
  const leftMs = deadlineAt - clock.now();
  if (leftMs <= 0) throw new HookFailure(webhook, "failed to call webhook: context deadline exceeded", 503);
  return Math.min((webhook.timeoutSeconds ?? defaultTimeoutSeconds) * 1000, leftMs);
}

/** `failed calling webhook "NAME": …`, as kube-apiserver puts it. */
export function callFailure(webhook: Webhook, reason: string, cause?: unknown): CountersignError {
  return new HookFailure(webhook, reason, 503, cause);
}

interface Outcome {
  readonly code: number;
  readonly rejected: boolean;
  readonly failedOpen: boolean;
  readonly errorType?: WebhookErrorType;
  readonly detail?: string;
}

const channel = diagnosticsChannel("countersign:webhook");

function publish({ target, attributes }: HookCall, outcome: Outcome, durationMs: number): void {
  if (!channel.hasSubscribers) return;
  const { webhook, configuration, kind } = target;
  const type = kind === "MutatingWebhookConfiguration" ? "admit" : "validating";
  const { operation } = attributes;
  channel.publish({
    ...{ webhook: webhook.name, configuration: configuration.name, operation, type },
    ...outcome,
    durationMs,
  });
}
