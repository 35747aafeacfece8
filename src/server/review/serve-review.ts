import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AdmissionRequestEnvelope } from "../../apis/admission.ts";
import { presentedCertificate } from "../../authentication/presented-certificate.ts";
import { diagnosticsChannel, type RequestIdentity, type RequestMessage } from "../../diagnostics.ts";
import { CountersignError } from "../../errors.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import { andThen } from "../../maybe-promise.ts";
import { collectBody, lingerThenClose } from "../parts/request-body.ts";
import { type AdmissionRoute, defaultLimits } from "./admission-route.ts";
import { type AdmissionStep, admissionSteps } from "./admission-steps.ts";
import { type Exchange, type IncomingReview, identityOf } from "./exchange.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { reviewTimeoutMs } from "./review-deadline.ts";
import { reviewAnswer, statusAnswer, type WireAnswer, writeAnswer } from "./wire-answer.ts";

const requests = diagnosticsChannel("countersign:request");

/** What the requests of one listener have in common. */
export interface ListenerState {
  /** Whether connections are closed after their next answer. */
  draining: boolean;
  /** Requests being answered now. */
  inFlight: number;
  /** Epoch milliseconds by which every review is to be answered, while draining. */
  answerBy?: number;
  /** Whether a connection was made under a configuration that no longer counts: its next answer is its last. */
  isOutdated?: (socket: Socket) => boolean;
}

export interface ServeOptions {
  readonly listener?: ListenerState;
  /** Bytes that were read of the request already, by somebody else. */
  readonly body?: Buffer;
}

/** Answers one webhook call on a node:http server. Nothing it throws, and no promise to wait for. */
export function serveReview(
  route: AdmissionRoute,
  request: IncomingMessage,
  response: ServerResponse,
  { listener, body }: ServeOptions = {},
): void {
  if (listener !== undefined) listener.inFlight++;
  const answered = answerReview(route, {
    method: request.method ?? "",
    url: request.url ?? "",
    rawHeaders: request.rawHeaders,
    peer: () => request.socket.remoteAddress,
    answerBy: listener?.answerBy,
    certificate: () => presentedCertificate(request.socket),
    collectBody: (options) =>
      body === undefined ? collectBody(request, options) : givenBody(body, options.limitBytes),
  });
  const write = (answer: WireAnswer): void => {
    if (listener !== undefined) listener.inFlight--;
    sendAnswer(request, response, answer, listener);
  };
  if (answered instanceof Promise) void answered.then(write);
  else write(answered);
}

/**
 * Gives an answer to what no route serves, once it is read: before, the connection would have to be closed, and with it
 * those who call good paths of the same host and port would lose the one they share.
 */
export function serveElsewhere(
  answer: WireAnswer,
  request: IncomingMessage,
  response: ServerResponse,
  listener: ListenerState,
): void {
  const { maxBodyBytes, bodyTimeoutMs } = defaultLimits;
  void collectBody(request, { keepBytes: 0, limitBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs }).then(() =>
    sendAnswer(request, response, answer, listener),
  );
}

/** Sends an answer so that it arrives: while the peer is still writing, closing would take the answer away from it. */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: WireAnswer,
  listener?: ListenerState,
): void {
  writeAnswer(response, answer, request.complete && isLast(request, listener));
  lingerThenClose(request);
}

function isLast({ socket }: IncomingMessage, listener: ListenerState | undefined): boolean {
  return listener?.draining === true || listener?.isOutdated?.(socket) === true;
}

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
  const deadlineAt = route.clock.now() + reviewTimeoutMs(incoming.url, route.limits);
  const { answerBy = deadlineAt } = incoming;
  return {
    route,
    incoming,
    identity: undefined,
    deadlineAt: Math.min(deadlineAt, answerBy),
    caller: undefined,
    observed: undefined,
    refusedCaller: undefined,
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
  // filled in bit by bit: spreading what may be absent costs 1 µs
  const message: { -readonly [Field in keyof RequestMessage]: RequestMessage[Field] } = {
    path: route.path,
    mode: route.mode,
    allowed: refusal === undefined && response?.allowed === true,
    code: refusal?.error.status ?? response?.status?.code ?? 200,
    durationMs,
  };
  identify(message, identityOf(exchange));
  if (caller !== undefined) {
    message.caller = caller.user.username;
    message.method = caller.method;
  }
  if (refusal !== undefined) message.refusal = refusal.error.code;
  const uid = review?.request.uid ?? refusal?.uid;
  if (uid !== undefined) message.uid = uid;
  if (review !== undefined) describeReview(review.request, message);
  requests.publish(message);
}

function identify(
  message: { -readonly [Field in keyof RequestMessage]: RequestMessage[Field] },
  { requestId, auditId, traceId, parentId, sampled }: RequestIdentity,
): void {
  if (requestId !== undefined) message.requestId = requestId;
  if (auditId !== undefined) message.auditId = auditId;
  if (traceId !== undefined) Object.assign(message, { traceId, parentId, sampled });
}

function describeReview(
  request: AdmissionRequestEnvelope,
  message: { -readonly [Field in keyof RequestMessage]: RequestMessage[Field] },
): void {
  const { resource, subResource, namespace, name } = request;
  message.operation = request.operation;
  message.resource = resourceOf(resource.resource, resource.group, subResource);
  message.user = request.userInfo.username;
  if (namespace !== undefined) message.namespace = namespace;
  if (name !== undefined) message.name = name;
}

/** As kubectl names it: `pods`, `deployments.apps`, `deployments.apps/scale`. */
function resourceOf(resource: string, group: string, subresource: string | undefined): string {
  const qualified = group === "" ? resource : `${resource}.${group}`;
  return subresource === undefined || subresource === "" ? qualified : `${qualified}/${subresource}`;
}
