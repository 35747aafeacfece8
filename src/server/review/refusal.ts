import { erroredResponse } from "../../admission/response.ts";
import { identityPrefixBytes, scanReviewIdentity } from "../../admission/review-scan.ts";
import { diagnosticsChannel } from "../../diagnostics.ts";
import { CountersignError, type ErrorCode, errorCodes } from "../../errors.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import { andThen } from "../../maybe-promise.ts";
import { collectWithin, type Exchange, identityOf } from "./exchange.ts";
import { reviewAnswer, statusAnswer, type WireAnswer } from "./wire-answer.ts";

/** All that a caller who was not accepted learns, whatever the reason. */
export const callerRefusedMessage = "the caller of this webhook was not accepted";

export interface Refusal {
  readonly answer: WireAnswer;
  readonly error: CountersignError;
  readonly uid: string | undefined;
}

const refusals = diagnosticsChannel("countersign:refusal");

/**
 * The answer to a review that some step refused. Where the review's uid can be found in the first 64 KiB of its body it
 * is a denial, which `failurePolicy: Ignore` cannot turn into an allow; otherwise the bare HTTP status.
 */
export function refuse(exchange: Exchange, reason: unknown): MaybePromise<Refusal> {
  const error = asCountersignError(reason);
  return andThen(bodyPrefix(exchange), (prefix) => {
    const { uid, apiVersion = "admission.k8s.io/v1" } = scanReviewIdentity(prefix);
    for (const one of [exchange.observed, error]) if (one !== undefined) publishRefusal(exchange, one, uid);
    const shown = new CountersignError(error.code, shownMessage(error));
    const answer =
      uid === undefined
        ? statusAnswer(error.status, error.reason, bareMessage(error.code))
        : reviewAnswer(apiVersion, erroredResponse({ uid }, shown));
    return { answer, error, uid };
  });
}

/** Says on `countersign:refusal` what was refused, or in observe mode would have been. */
export function publishRefusal(
  exchange: Exchange,
  error: CountersignError,
  uid = exchange.review?.request.uid,
): void {
  const { route, incoming, observed, caller = exchange.refusedCaller } = exchange;
  const peer = incoming.peer();
  refusals.publish({
    ...identityOf(exchange),
    path: route.path,
    outcome: error === observed ? "wouldRefuse" : "refused",
    mode: route.mode,
    code: error.code,
    detail: error.message,
    ...(caller === undefined ? {} : { caller: caller.user.username }),
    ...(uid === undefined ? {} : { uid }),
    ...(peer === undefined ? {} : { peer }),
  });
}

/** Whether a code says that a caller was not accepted, rather than that a review could not be answered. */
export function isCallerRefusal(code: string): boolean {
  const status: number | undefined = Object.hasOwn(errorCodes, code)
    ? errorCodes[code as ErrorCode].status
    : undefined;
  return status === 401 || status === 403;
}

/** Faults of our own are for the log; what is wrong with a review is for whoever sent it. */
function shownMessage(error: CountersignError): string {
  return isCallerRefusal(error.code) || error.status >= 500 ? bareMessage(error.code) : error.message;
}

function bareMessage(code: ErrorCode): string {
  return isCallerRefusal(code) ? callerRefusedMessage : errorCodes[code].meaning;
}

/** What throws something that is none of our errors has a fault: that denies too. */
export function asCountersignError(reason: unknown): CountersignError {
  if (reason instanceof CountersignError) return reason;
  const message = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
  return new CountersignError("ERR_INTERNAL", message, { cause: reason });
}

/** The caller may still be sending: reading on until it is done is what lets the answer arrive. */
function bodyPrefix(exchange: Exchange): MaybePromise<Buffer> {
  if (exchange.body !== undefined) return exchange.body.bytes;
  return andThen(collectWithin(exchange, identityPrefixBytes), ({ bytes }) => bytes);
}
