import type { IncomingMessage, ServerResponse } from "node:http";
import { diagnosticsChannel } from "../diagnostics.ts";
import { CountersignError } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { andThen } from "../maybe-promise.ts";
import type { AdmissionRoute } from "./admission-route.ts";
import { type AdmissionStep, admissionSteps } from "./admission-steps.ts";
import type { Exchange, IncomingReview } from "./exchange.ts";
import { presentedCertificate } from "./presented-certificate.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { collectBody, lingerThenClose } from "./request-body.ts";
import { reviewTimeoutMs } from "./review-deadline.ts";
import { reviewAnswer, statusAnswer, type WireAnswer, writeAnswer } from "./wire-answer.ts";

const requests = diagnosticsChannel("countersign:request");

export interface ServeOptions {
  /** Whether the connection is to be closed after this answer. Default never. */
  readonly closing?: () => boolean;
  /** Bytes that were read of the request already, by somebody else. */
  readonly body?: Buffer;
}

/** Answers one webhook call on a node:http server. Nothing it throws, and no promise to wait for. */
export function serveReview(
  route: AdmissionRoute,
  request: IncomingMessage,
  response: ServerResponse,
  { closing = never, body }: ServeOptions = {},
): void {
  const answered = answerReview(route, {
    method: request.method ?? "",
    url: request.url ?? "",
    rawHeaders: request.rawHeaders,
    peer: () => request.socket.remoteAddress,
    certificate: () => presentedCertificate(request.socket),
    collectBody: (options) =>
      body === undefined ? collectBody(request, options) : givenBody(body, options.limitBytes),
  });
  const write = (answer: WireAnswer): void => {
    // while the peer is still writing, closing would take the answer away from it
    writeAnswer(response, answer, request.complete && closing());
    lingerThenClose(request);
  };
  if (answered instanceof Promise) void answered.then(write);
  else write(answered);
}

const never = (): boolean => false;

/** A body that somebody else has read. */
export function givenBody(bytes: Buffer, limitBytes: number) {
  return { bytes, state: bytes.length > limitBytes ? ("tooLarge" as const) : ("complete" as const) };
}

/** The answer to one webhook call. Never throws or rejects: what goes wrong is a denial. */
export function answerReview(route: AdmissionRoute, incoming: IncomingReview): MaybePromise<WireAnswer> {
  const startedAt = performance.now();
  const exchange = createExchange(route, incoming);
  return andThen(runSteps(admissionSteps, exchange), (refusal) => {
    const answer = refusal?.answer ?? answerOf(exchange);
    publishRequest(exchange, refusal, performance.now() - startedAt);
    return answer;
  });
}

export function createExchange(route: AdmissionRoute, incoming: IncomingReview): Exchange {
  return {
    route,
    incoming,
    deadlineAt: route.clock.now() + reviewTimeoutMs(incoming.url, route.limits),
    caller: undefined,
    observed: undefined,
    body: undefined,
    review: undefined,
    response: undefined,
  };
}

/** Takes a review through the steps in order, waiting only where a step waits; resolves to the first refusal, if any. */
export function runSteps(
  steps: readonly AdmissionStep[],
  exchange: Exchange,
  from = 0,
): MaybePromise<Refusal | undefined> {
  try {
    for (let index = from; index < steps.length; index++) {
      const waiting = steps[index]!.run(exchange);
      if (waiting !== undefined)
        return waiting.then(
          () => runSteps(steps, exchange, index + 1),
          (error: unknown) => refuse(exchange, error),
        );
    }
    return undefined;
  } catch (error) {
    return refuse(exchange, error);
  }
}

function answerOf({ review, response }: Exchange): WireAnswer {
  if (review !== undefined && response !== undefined) return reviewAnswer(review.apiVersion, response);
  const { status, reason, message } = new CountersignError("ERR_INTERNAL", "no step answered");
  return statusAnswer(status, reason, message);
}

function publishRequest(exchange: Exchange, refusal: Refusal | undefined, durationMs: number): void {
  if (!requests.hasSubscribers) return;
  const { route, caller, review, response } = exchange;
  const request = review?.request;
  const uid = request?.uid ?? refusal?.uid;
  requests.publish({
    path: route.path,
    mode: route.mode,
    allowed: refusal === undefined && response?.allowed === true,
    code: refusal?.error.status ?? response?.status?.code ?? 200,
    durationMs,
    ...(uid !== undefined && { uid }),
    ...(refusal !== undefined && { refusal: refusal.error.code }),
    ...(caller !== undefined && { caller: caller.user.username, method: caller.method }),
    ...(request !== undefined && {
      operation: request.operation,
      resource: resourceOf(request.resource.resource, request.resource.group, request.subResource),
      user: request.userInfo.username,
      ...(request.namespace !== undefined && { namespace: request.namespace }),
      ...(request.name !== undefined && { name: request.name }),
    }),
  });
}

/** As kubectl names it: `pods`, `deployments.apps`, `deployments.apps/scale`. */
function resourceOf(resource: string, group: string, subresource: string | undefined): string {
  const qualified = group === "" ? resource : `${resource}.${group}`;
  return subresource === undefined || subresource === "" ? qualified : `${qualified}/${subresource}`;
}
