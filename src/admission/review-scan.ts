import { isUtf8 } from "node:buffer";
import type { AdmissionReviewVersion } from "../apis/admission.ts";
import { type EnvelopeCursor, nextMember, openMembers, skipMember, takeString } from "./envelope-cursor.ts";
import { quote, skipSpace } from "./json-scan.ts";
import { createMemberNames } from "./member-names.ts";
import { admissionReviewVersion } from "./review.ts";

/** What an answer needs of a review that nobody will decode. */
export interface ReviewIdentity {
  readonly apiVersion?: AdmissionReviewVersion;
  readonly uid?: string;
}

/** As much as is read of a refused caller's body: the API server writes uid and apiVersion into the first 200 bytes. */
export const identityPrefixBytes = 64 * 1024;

const reviewNames = createMemberNames("apiVersion", "request");
const requestNames = createMemberNames("uid");

/**
 * The review's `apiVersion` and `request.uid`, wherever they stand in the first 64 KiB of a body that may end there, be
 * cut off or be no review at all: what was not found is absent, nothing throws. A `uid` elsewhere, in the object or the
 * userInfo, is never taken for the review's. One pass, bounded by the prefix.
 */
export function scanReviewIdentity(body: Buffer): ReviewIdentity {
  const bytes = body.subarray(0, identityPrefixBytes);
  const found: { -readonly [K in keyof ReviewIdentity]: ReviewIdentity[K] } = {};
  const cursor = { bytes, ascii: false, at: skipSpace(bytes, 0), escapedName: false, longNumber: false };
  try {
    scanReview(cursor, found);
  } catch {
    // the prefix ends in the middle, or is not what it should be: what was found until here is what there is
  }
  return found;
}

function scanReview(
  cursor: EnvelopeCursor,
  found: { apiVersion?: AdmissionReviewVersion; uid?: string },
): void {
  const members = openMembers(cursor, "", reviewNames);
  for (let name = nextMember(cursor, members); name !== undefined; name = nextMember(cursor, members)) {
    if (name === "request") {
      scanRequest(cursor, found);
      if (found.uid !== undefined && found.apiVersion !== undefined) return;
    } else if (name === "apiVersion") {
      const version = admissionReviewVersion(scanString(cursor) ?? "");
      if (version !== undefined) found.apiVersion = version;
    } else skipMember(cursor, 1);
  }
}

function scanRequest(
  cursor: EnvelopeCursor,
  found: { apiVersion?: AdmissionReviewVersion; uid?: string },
): void {
  const members = openMembers(cursor, "request", requestNames);
  for (let name = nextMember(cursor, members); name !== undefined; name = nextMember(cursor, members)) {
    const uid = name === "uid" ? scanString(cursor) : skipMember(cursor, 2);
    if (uid === undefined || uid === "") continue;
    found.uid = uid;
    // nothing behind it is wanted once the version is known, as it is where an API server wrote the review
    if (found.apiVersion !== undefined) return;
  }
}

/** The string that stands here; undefined, and behind it, where something else does or it is not UTF-8. */
function scanString(cursor: EnvelopeCursor): string | undefined {
  const from = cursor.at;
  if (cursor.bytes[from] !== quote) {
    skipMember(cursor, 2);
    return undefined;
  }
  const text = takeString(cursor, "", "");
  return isUtf8(cursor.bytes.subarray(from, cursor.at)) ? text : undefined;
}
