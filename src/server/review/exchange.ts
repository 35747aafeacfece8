import type { DecodedReview } from "../../admission/review.ts";
import type { AdmissionResponse } from "../../apis/admission.ts";
import type { Caller, PresentedCertificate } from "../../authentication/authenticator.ts";
import type { RequestIdentity } from "../../diagnostics.ts";
import type { CountersignError } from "../../errors.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import type { CollectedBody, CollectOptions } from "../parts/request-body.ts";
import { identifyRequest } from "../parts/request-identity.ts";
import type { AdmissionRoute } from "./admission-route.ts";

/** A request as any listener may bring it. */
export interface IncomingReview {
  readonly method: string;
  /** Path and query; only the query is read. */
  readonly url: string;
  /** Names and values in turn, as they came: a header that came twice stands here twice. */
  readonly rawHeaders: readonly string[];
  /** Epoch milliseconds by which it is to be answered, whatever its caller and route allow. */
  readonly answerBy?: number | undefined;
  /** The address it came from, for the log of refusals. */
  peer(): string | undefined;
  /** Asked once for a route that accepts certificates. */
  certificate(): PresentedCertificate | undefined;
  collectBody(options: CollectOptions): MaybePromise<CollectedBody>;
}

/** One review on its way from step to step. Each step fills in what later ones read. */
export interface Exchange {
  readonly route: AdmissionRoute;
  readonly incoming: IncomingReview;
  /** Made when it is first wanted. */
  identity: RequestIdentity | undefined;
  /** Epoch milliseconds. */
  readonly deadlineAt: number;
  caller: Caller | undefined;
  /** Why the caller would have been refused, were the route's mode `enforce`. */
  observed: CountersignError | undefined;
  /** Who that is, where it is known. */
  refusedCaller: Caller | undefined;
  body: CollectedBody | undefined;
  review: DecodedReview | undefined;
  response: AdmissionResponse | undefined;
}

/** What the request is called in logs and traces. */
export function identityOf(exchange: Exchange): RequestIdentity {
  exchange.identity ??= identifyRequest(exchange.incoming.rawHeaders);
  return exchange.identity;
}

/** What is left of the review's time. */
export function timeLeftMs({ route, deadlineAt }: Exchange): number {
  return Math.max(0, deadlineAt - route.clock.now());
}

/** Reads the body, handing over as much of it, within the route's limits and the review's time. */
export function collectWithin(exchange: Exchange, keepBytes: number): MaybePromise<CollectedBody> {
  const { maxBodyBytes, bodyTimeoutMs } = exchange.route.limits;
  const timeoutMs = Math.min(bodyTimeoutMs, timeLeftMs(exchange));
  return exchange.incoming.collectBody({ keepBytes, limitBytes: maxBodyBytes, timeoutMs });
}
