import type { IncomingHttpHeaders } from "node:http";
import type { DecodedReview } from "../../admission/review.ts";
import type { Caller, PresentedCertificate } from "../../authentication/authenticator.ts";
import type { ErrorCode } from "../../errors.ts";
import type { AdmissionRoute } from "./admission-route.ts";
import { verificationSteps } from "./admission-steps.ts";
import { createExchange, givenBody, runSteps } from "./serve-review.ts";
import type { WireAnswer } from "./wire-answer.ts";

/** A webhook call, however it was received. */
export interface AdmissionRequestToVerify {
  /**
   * The request's headers. Give node's `rawHeaders`, or a `Headers` object: node's `headers` hides a second
   * `Authorization`, so with it such a request is not seen to be refused.
   */
  readonly headers: readonly string[] | Headers | IncomingHttpHeaders;
  /** The body's bytes, as they came; a parsed body hides duplicate members. */
  readonly body: Buffer | Uint8Array | string;
  readonly route: AdmissionRoute;
  /** What the peer presented, where the route accepts client certificates. */
  readonly clientCertificate?: PresentedCertificate;
  /** Default `POST`. */
  readonly method?: string;
}

/** What verification came to. */
export type AdmissionVerification =
  | {
      readonly accepted: true;
      /** Undefined where the route's mode let pass somebody who is not known. */
      readonly caller: Caller | undefined;
      readonly review: DecodedReview;
    }
  | {
      readonly accepted: false;
      /** Why, for the log; never for the caller. */
      readonly code: ErrorCode;
      readonly detail: string;
      /** Send exactly this: status and JSON body. */
      readonly answer: WireAnswer;
    };

/**
 * The whole verification of a webhook call without a framework: who calls, whether it may show this review, and the
 * review itself, decoded. What is refused comes with the answer to send. No policy is asked. Never rejects.
 */
export async function verifyAdmissionRequest(
  request: AdmissionRequestToVerify,
): Promise<AdmissionVerification> {
  const { route, body, clientCertificate, method = "POST" } = request;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body as string);
  const exchange = createExchange(route, {
    method,
    url: "",
    rawHeaders: rawHeadersOf(request.headers),
    peer: () => undefined,
    certificate: () => clientCertificate,
    collectBody: ({ limitBytes }) => givenBody(bytes, limitBytes),
  });
  const refusal = await runSteps(verificationSteps, exchange);
  const { caller, review } = exchange;
  if (refusal === undefined && review !== undefined) return { accepted: true, caller, review };
  const { answer, error } = refusal!;
  return { accepted: false, code: error.code, detail: error.message, answer };
}

function rawHeadersOf(headers: AdmissionRequestToVerify["headers"]): readonly string[] {
  if (Array.isArray(headers)) return headers;
  // not `instanceof Headers`: naming that class loads undici, 22 ms
  const entries = isHeaders(headers) ? [...headers] : Object.entries(headers);
  return entries.flatMap(([name, value]) => [value ?? []].flat().flatMap((one) => [name, one]));
}

function isHeaders(headers: object): headers is Headers {
  return Symbol.iterator in headers;
}
