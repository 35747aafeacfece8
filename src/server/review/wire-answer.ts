import type { ServerResponse } from "node:http";
import { encodeReview } from "../../admission/response.ts";
import type { AdmissionResponse, AdmissionReviewVersion } from "../../apis/admission.ts";
import type { Status } from "../../apis/meta.ts";

/** An HTTP answer, ready to be written by whatever server there is. */
export interface WireAnswer {
  readonly status: number;
  /** Always `application/json`. Plain ASCII: as many bytes as characters. */
  readonly body: string;
}

/** A review's answer. Denials too are HTTP 200: any other status lets `failurePolicy: Ignore` admit the object. */
export function reviewAnswer(apiVersion: AdmissionReviewVersion, response: AdmissionResponse): WireAnswer {
  return { status: 200, body: encodeReview(apiVersion, response) };
}

/** A failure outside any review, as an API server answers one. `message` has to be ASCII. */
export function statusAnswer(code: number, reason: string, message: string): WireAnswer {
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code,
  };
  return { status: code, body: JSON.stringify(status) };
}

/**
 * Writes an answer past Koa, headers as a raw list: that is 12 of the 80 µs a request costs. `Retry-After` is never
 * among them: API servers repeat the call up to ten times for it (client-go rest/with_retry.go).
 */
export function writeAnswer(response: ServerResponse, { status, body }: WireAnswer, close: boolean): void {
  if (response.destroyed) return;
  const headers = ["Content-Type", "application/json", "Content-Length", String(body.length)];
  if (close) headers.push("Connection", "close");
  response.writeHead(status, headers);
  response.end(body, "latin1");
}
