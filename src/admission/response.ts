import type { AdmissionResponse, AdmissionReviewVersion } from "../apis/admission.ts";
import type { CountersignError } from "../errors.ts";
import { limitWarnings } from "./warnings.ts";

/** What an answer may carry beside its verdict. */
export interface ResponseDetails {
  /** Shown to the user; cut as an API server would cut them. */
  readonly warnings?: readonly string[];
  /** Keys without a slash: see {@link isAuditAnnotationKey}. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** What an answer that allows may carry. */
export interface AllowedDetails extends ResponseDetails {
  /** The text of an RFC 6902 array; an empty array is no patch. */
  readonly patch?: string;
}

/** What the user is told of a denial. */
export interface DenialDetails extends ResponseDetails {
  readonly message: string;
  /** The HTTP status the API server answers its client with. Default 403; what is not between 400 and 599 becomes 403. */
  readonly code?: number;
  /** Default `Forbidden` for 403, otherwise none. */
  readonly reason?: string;
}

/** Anything that knows the review's uid: without one there is nothing to answer. */
export interface AnsweredRequest {
  readonly uid: string;
}

/** The request is allowed, and patched where a patch is given. */
export function allowedResponse(request: AnsweredRequest, details?: AllowedDetails): AdmissionResponse {
  if (details === undefined) return { uid: request.uid, allowed: true };
  const { patch } = details;
  const patched = patch !== undefined && patch !== "[]";
  return {
    uid: request.uid,
    allowed: true,
    ...(patched ? { patchType: "JSONPatch", patch: Buffer.from(patch).toString("base64") } : {}),
    ...decorations(details),
  };
}

/** The request is denied; the message reaches the user. */
export function deniedResponse(request: AnsweredRequest, details: DenialDetails): AdmissionResponse {
  const code = denialCode(details.code);
  const reason = details.reason ?? (code === 403 ? "Forbidden" : undefined);
  return {
    uid: request.uid,
    allowed: false,
    status: {
      status: "Failure",
      message: details.message,
      ...(reason === undefined ? {} : { reason }),
      code,
    },
    ...decorations(details),
  };
}

/**
 * The denial an error stands for, with the status and reason of its code. The error's message goes to the user: an
 * authentication failure is answered by {@link deniedResponse} with the one message there is for all of them.
 */
export function erroredResponse(
  request: AnsweredRequest,
  error: CountersignError,
  details: ResponseDetails = {},
): AdmissionResponse {
  const { message, status, reason } = error;
  return deniedResponse(request, { ...details, message, code: status, reason });
}

/** An API server turns a code below 400 into 400; we say 403 ourselves. */
export function denialCode(code = 403): number {
  return Number.isInteger(code) && code >= 400 && code <= 599 ? code : 403;
}

function decorations({ warnings = [], auditAnnotations = {} }: ResponseDetails): Partial<AdmissionResponse> {
  const limited = limitWarnings(warnings);
  return {
    ...(limited.length === 0 ? {} : { warnings: limited }),
    ...(Object.keys(auditAnnotations).length === 0 ? {} : { auditAnnotations }),
  };
}

const plainUid = /^[\w-]+$/;
const beyondAscii = /[\u0080-\uffff]/g;

/**
 * The answer's text, in the version that asked. Always plain ASCII (everything beyond is written as `\u` escapes), so
 * that it can be sent as latin1 whatever it holds, and has as many bytes as characters.
 */
export function encodeReview(apiVersion: AdmissionReviewVersion, response: AdmissionResponse): string {
  return `{"apiVersion":"${apiVersion}","kind":"AdmissionReview","response":${encodeResponse(response)}}`;
}

function encodeResponse(response: AdmissionResponse): string {
  // nothing but a verdict, as nearly every answer is, needs no serializer: 0.1 µs instead of 1
  if (isPlainVerdict(response)) return `{"uid":"${response.uid}","allowed":true}`;
  return JSON.stringify(response).replace(beyondAscii, escapeUnit);
}

function isPlainVerdict({
  uid,
  allowed,
  status,
  patch,
  warnings,
  auditAnnotations,
}: AdmissionResponse): boolean {
  const bare = (status ?? patch ?? warnings ?? auditAnnotations) === undefined;
  return allowed && bare && plainUid.test(uid);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
