import { decodeReview } from "../../admission/review.ts";
import { headerValues } from "../../apis/raw-headers.ts";
import type { Caller } from "../../authentication/authenticator.ts";
import { assertReviewGroups } from "../../authorization/attested-api-group.ts";
import { CountersignError } from "../../errors.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import { collectWithin, type Exchange, timeLeftMs } from "./exchange.ts";
import { asCountersignError, publishRefusal } from "./refusal.ts";

/** One thing done to a review. A throw refuses it; a promise is returned only by a step that has to wait. */
export interface AdmissionStep {
  readonly name: string;
  run(exchange: Exchange): Promise<void> | undefined;
}

/** Everything that happens before anybody looks at what is reviewed, cheap before expensive. */
export const verificationSteps: readonly AdmissionStep[] = [
  { name: "method", run: requirePost },
  { name: "authenticate", run: authenticate },
  { name: "media type", run: requireJSON },
  { name: "read", run: readBody },
  { name: "decode", run: decode },
  { name: "groups", run: matchGroups },
  { name: "observe", run: reportObserved },
];

/** The whole of a webhook call, top to bottom. */
export const admissionSteps: readonly AdmissionStep[] = [...verificationSteps, { name: "judge", run: judge }];

function requirePost({ incoming }: Exchange): undefined {
  if (incoming.method !== "POST") throw new CountersignError("ERR_REVIEW_METHOD", "a review is sent by POST");
}

function authenticate(exchange: Exchange): Promise<void> | undefined {
  const { route, incoming } = exchange;
  if (route.authenticator === undefined) return undefined;
  try {
    const clientCertificate = incoming.certificate();
    const outcome: MaybePromise<Caller | undefined> = route.authenticator.authenticateRequest({
      authorization: headerValues(incoming.rawHeaders, "authorization"),
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
    });
    if (outcome instanceof Promise)
      return inTime(exchange, outcome)
        .then((caller) => accept(exchange, caller))
        .catch((error: unknown) => refuseUnlessObserving(exchange, error));
    accept(exchange, outcome);
  } catch (error) {
    refuseUnlessObserving(exchange, error);
  }
  return undefined;
}

function accept(exchange: Exchange, caller: Caller | undefined): void {
  if (caller === undefined)
    throw new CountersignError(
      "ERR_CREDENTIALS_MISSING",
      "credentials: none was presented that this route knows",
    );
  exchange.caller = caller;
}

/** In observe mode the review goes on as if nobody had called. */
function refuseUnlessObserving(exchange: Exchange, error: unknown): void {
  if (exchange.route.mode !== "observe") throw error;
  exchange.refusedCaller = exchange.caller;
  exchange.caller = undefined;
  exchange.observed ??= asCountersignError(error);
}

/**
 * An issuer that does not answer must not cost the caller its answer: under `Ignore` a call that takes too long is an
 * allow. In observe mode half of the time is left for the policies, which nothing may hinder.
 */
function inTime<T>(exchange: Exchange, work: Promise<T>): Promise<T> {
  const timeoutMs = timeLeftMs(exchange) / (exchange.route.mode === "observe" ? 2 : 1);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => {
    const detail = `authentication: not finished in ${Math.round(timeoutMs)} ms`;
    reject(new CountersignError("ERR_ISSUER_UNAVAILABLE", detail));
  };
  const timer = setTimeout(giveUp, timeoutMs);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const jsonMediaType = /^application\/json *(?:;|$)/i;

/** API servers send plain JSON; a compressed body would be read past the limit on its size. */
function requireJSON({ incoming }: Exchange): undefined {
  const [type, ...more] = headerValues(incoming.rawHeaders, "content-type");
  if (type === undefined || more.length > 0 || !jsonMediaType.test(type))
    throw new CountersignError("ERR_REVIEW_MEDIA_TYPE", "content-type: expected application/json");
  const encodings = headerValues(incoming.rawHeaders, "content-encoding");
  if (encodings.length > 1 || (encodings[0] ?? "identity").toLowerCase() !== "identity")
    throw new CountersignError("ERR_REVIEW_MEDIA_TYPE", "content-encoding: expected none");
}

function readBody(exchange: Exchange): Promise<void> | undefined {
  const collected = collectWithin(exchange, exchange.route.limits.maxBodyBytes);
  if (collected instanceof Promise)
    return collected.then((body) => {
      exchange.body = body;
    });
  exchange.body = collected;
  return undefined;
}

function decode(exchange: Exchange): undefined {
  const { body, route } = exchange;
  if (body?.state === "tooLarge")
    throw new CountersignError(
      "ERR_REVIEW_TOO_LARGE",
      `the request body exceeds ${route.limits.maxBodyBytes} bytes`,
    );
  if (body?.state !== "complete")
    throw new CountersignError(
      "ERR_REVIEW_TRUNCATED",
      "the request body ended early or was not sent in time",
    );
  exchange.review = decodeReview(body.bytes);
}

function matchGroups(exchange: Exchange): undefined {
  const { route, review, caller } = exchange;
  if (route.mode === "off" || review === undefined) return;
  try {
    assertReviewGroups(review, caller, route.groups);
  } catch (error) {
    refuseUnlessObserving(exchange, error);
  }
}

function reportObserved(exchange: Exchange): undefined {
  if (exchange.observed !== undefined) publishRefusal(exchange, exchange.observed);
}

function judge(exchange: Exchange): Promise<void> | undefined {
  const { route, review, caller, deadlineAt } = exchange;
  if (review === undefined) throw new CountersignError("ERR_INTERNAL", "nothing was decoded");
  const response = route.handler.review(review, caller, deadlineAt);
  if (response instanceof Promise)
    return response.then((answered) => {
      exchange.response = answered;
    });
  exchange.response = response;
  return undefined;
}
