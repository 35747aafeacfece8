import { isAscii, isUtf8 } from "node:buffer";
import type { AdmissionRequestEnvelope, AdmissionReviewVersion } from "../apis/admission.ts";
import { CountersignError } from "../errors.ts";
import {
  type EnvelopeCursor,
  fieldFault,
  nextMember,
  openMembers,
  skipMember,
  takeNull,
  takeString,
} from "./envelope-cursor.ts";
import { skipSpace, syntaxFault } from "./json-scan.ts";
import { createMemberNames } from "./member-names.ts";
import type { RawSlot } from "./raw-slot.ts";
import { type DecodedRequest, takeRequest } from "./review-request.ts";

/** A review as it came: what decides is decoded, the objects are kept as bytes until somebody asks. */
export interface DecodedReview {
  /** The version that asked, in which the answer has to be given. */
  readonly apiVersion: AdmissionReviewVersion;
  readonly request: AdmissionRequestEnvelope;
  /** Undefined where the slot is absent or `null`: on DELETE. */
  readonly object: RawSlot | undefined;
  /** Undefined where the slot is absent or `null`: on CREATE and CONNECT. */
  readonly oldObject: RawSlot | undefined;
  readonly options: RawSlot | undefined;
}

const reviewNames = createMemberNames("apiVersion", "kind", "request", "response");

/**
 * The review in a request's body, of `admission.k8s.io/v1` or `v1beta1`. One pass over the bytes: the whole text is
 * held to be well-formed JSON, of which `object`, `oldObject` and `options` stay unparsed. Members that are not known
 * pass, wherever they stand; an empty string in an optional member is the same as none, as it is to an API server.
 * @throws ERR_REVIEW_MALFORMED naming the field, or the byte where the text is no JSON; ERR_REVIEW_DUPLICATE_MEMBER for
 * a member outside the slots that stands twice or differs from a known name only by case; ERR_REVIEW_VERSION. The uid
 * for the answer is then had from {@link scanReviewIdentity}.
 */
export function decodeReview(body: Buffer): DecodedReview {
  if (!isUtf8(body)) throw new CountersignError("ERR_REVIEW_MALFORMED", "the review is not UTF-8");
  const cursor: EnvelopeCursor = {
    bytes: body,
    ascii: isAscii(body),
    at: skipSpace(body, 0),
    escapedName: false,
    longNumber: false,
  };
  const review = takeReview(cursor);
  const end = skipSpace(body, cursor.at);
  if (end < body.length) throw syntaxFault(end, "something stands behind the review");
  return review;
}

function takeReview(cursor: EnvelopeCursor): DecodedReview {
  let apiVersion: string | undefined;
  let kind: string | undefined;
  let request: DecodedRequest | undefined;
  const members = openMembers(cursor, "", reviewNames);
  for (let name = nextMember(cursor, members); name !== undefined; name = nextMember(cursor, members))
    if (name === "request") request = takeNull(cursor) ? undefined : takeRequest(cursor);
    else if (name === "apiVersion") apiVersion = takeString(cursor, "", name);
    else if (name === "kind") kind = takeString(cursor, "", name);
    else skipMember(cursor, 1);
  const version = knownVersion(apiVersion);
  if (kind !== "AdmissionReview") throw fieldFault("kind", "is not AdmissionReview");
  if (request === undefined) throw fieldFault("request", "is missing");
  const { envelope, object, oldObject, options } = request;
  return { apiVersion: version, request: envelope, object, oldObject, options };
}

/** @throws ERR_REVIEW_VERSION */
function knownVersion(apiVersion: string | undefined): AdmissionReviewVersion {
  if (apiVersion === undefined) throw new CountersignError("ERR_REVIEW_VERSION", "apiVersion is missing");
  const version = admissionReviewVersion(apiVersion);
  if (version !== undefined) return version;
  throw new CountersignError(
    "ERR_REVIEW_VERSION",
    "apiVersion is neither admission.k8s.io/v1 nor admission.k8s.io/v1beta1",
  );
}

/** The version, where it is one that is answered. */
export function admissionReviewVersion(text: string): AdmissionReviewVersion | undefined {
  return text === "admission.k8s.io/v1" || text === "admission.k8s.io/v1beta1" ? text : undefined;
}
