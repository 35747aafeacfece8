import { AnswerStatusError, badRequest } from "../apis/answer-status.ts";
import type { SelfSubjectReview, UserAttributes, UserInfo } from "../apis/authentication.ts";
import {
  otherVersion,
  unconvertibleKind,
  unknownFormat,
  unrecognizedBody,
  unregisteredKind,
} from "../apis/body-faults.ts";
import type { GroupVersionKind, TypeMeta } from "../apis/meta.ts";
import { decodeProtobufEnvelope } from "../apis/protobuf-envelope.ts";
import { ProtobufFault } from "../apis/protobuf-fields.ts";
import { formatTime } from "../apis/time.ts";

/** A version of the question who one is, and the resource it is asked at. */
export interface SelfSubjectReviewKind extends GroupVersionKind {
  readonly resource: string;
}

/** The versions of SelfSubjectReview that there have been, newest first. */
export type SelfSubjectReviewVersion = "v1" | "v1beta1" | "v1alpha1";

/** Which of them a server answers. */
export interface SelfSubjectReviewSwitches {
  /** Default true: all versions. Kubernetes 1.28 to 1.31 has all three, 1.33 and later only `v1`. */
  readonly selfSubjectReview?: boolean | readonly SelfSubjectReviewVersion[] | undefined;
  /** KEP-3325 as it was proposed, which no Kubernetes has. Default true. */
  readonly selfSubjectAttributesReview?: boolean | undefined;
}

const group = "authentication.k8s.io";
const kind = "SelfSubjectReview";
const versions: readonly SelfSubjectReviewVersion[] = ["v1", "v1beta1", "v1alpha1"];

const attributesReview: SelfSubjectReviewKind = {
  group,
  version: "v1alpha1",
  kind: "SelfSubjectAttributesReview",
  // the proposal's path is singular, although Kubernetes' resources are plural
  resource: "selfsubjectattributesreview",
};

/** All there are, in the order in which a client asks for them. */
export const selfSubjectReviewKinds: readonly SelfSubjectReviewKind[] = [
  ...versions.map((version) => ({ group, version, kind, resource: "selfsubjectreviews" })),
  attributesReview,
];

/** Those that are switched on, in the same order. */
export function servedSelfSubjectReviews(
  switches: SelfSubjectReviewSwitches = {},
): readonly SelfSubjectReviewKind[] {
  const { selfSubjectReview = true, selfSubjectAttributesReview = true } = switches;
  const listed: readonly string[] =
    typeof selfSubjectReview === "boolean" ? (selfSubjectReview ? versions : []) : selfSubjectReview;
  return selfSubjectReviewKinds.filter((each) =>
    each === attributesReview ? selfSubjectAttributesReview : listed.includes(each.version),
  );
}

/** A body as it came. */
export interface SelfSubjectReviewBody {
  /** `Content-Type` without its parameters, lower case; undefined where there is none, which means JSON. */
  readonly mediaType: string | undefined;
  readonly body: Buffer;
}

const mediaTypes = ["application/json", "application/vnd.kubernetes.protobuf"];

/**
 * Makes sure that a body is the question that a path answers; there is nothing else in it that counts. JSON and
 * Kubernetes' protobuf, as kubectl sends it since 1.32, are read. What does not name its kind is taken for the right one,
 * as upstream does it, but an empty body is none.
 * @throws AnswerStatusError (ERR_REQUEST_INVALID): 400 for another kind or version and for what cannot be read, 415
 */
export function assertSelfSubjectReview(
  { mediaType = "application/json", body }: SelfSubjectReviewBody,
  expected: SelfSubjectReviewKind,
): void {
  if (!mediaTypes.includes(mediaType)) throw refused(415, "UnsupportedMediaType", unknownFormat(mediaTypes));
  const given =
    mediaType === "application/json" ? typeOfJSON(body, expected) : typeOfProtobuf(body, expected);
  const wanted = apiVersionOf(expected);
  const { apiVersion, kind } = { apiVersion: given.apiVersion || wanted, kind: given.kind || expected.kind };
  if (apiVersion === wanted && kind === expected.kind) return;
  const [first = "", second] = apiVersion.split("/");
  const named = { group: second === undefined ? "" : first, version: second ?? first, kind };
  const known = selfSubjectReviewKinds.filter(
    (each) => each.kind === kind && apiVersionOf(each) === apiVersion,
  );
  if (known.length === 0) throw badRequest(unregisteredKind(named, expected));
  throw badRequest(
    kind === expected.kind ? otherVersion(apiVersion, wanted) : unconvertibleKind(named, expected),
  );
}

/**
 * The answer: who the user is whom the request is made as, after impersonation. Whatever the request said of it is not
 * in it. `now` is in epoch milliseconds.
 */
export function answerSelfSubjectReview(
  asked: SelfSubjectReviewKind,
  user: UserInfo,
  now: number,
): SelfSubjectReview {
  const userInfo = attributesOf(user);
  const { username, ...others } = userInfo;
  const flat = { ...(username !== undefined && { name: username }), ...others };
  return {
    kind: asked.kind,
    apiVersion: apiVersionOf(asked),
    metadata: { creationTimestamp: formatTime(now) },
    status: { userInfo, ...(asked.kind === attributesReview.kind && flat) },
  };
}

/** What there is of a user, in the order in which Go writes it; keys of extra sorted as Go's maps are. */
function attributesOf({ username, uid = "", groups = [], extra = {} }: UserInfo): UserAttributes {
  const keys = Object.keys(extra).sort();
  return {
    ...(username !== "" && { username }),
    ...(uid !== "" && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(keys.length > 0 && { extra: Object.fromEntries(keys.map((key) => [key, extra[key]!])) }),
  };
}

/**
 * Whom a review names, whoever answered it: of SelfSubjectAttributesReview also where only the members of the proposal's
 * example are there, whose values of extra are no lists.
 */
export function reviewedUser({ status }: SelfSubjectReview): UserAttributes {
  const { userInfo, name: username, ...flat } = isObject(status) ? status : {};
  const { uid, groups, extra, ...named } = isObject(userInfo) ? userInfo : { ...flat, username };
  return {
    ...(typeof named.username === "string" && { username: named.username }),
    ...(typeof uid === "string" && { uid }),
    ...(Array.isArray(groups) && { groups: groups.map(String) }),
    ...(isObject(extra) && { extra: listsOf(extra) }),
  };
}

function listsOf(extra: Readonly<Record<string, unknown>>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, value]) => [key, [value].flat().map(String)]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOfJSON(body: Buffer, expected: SelfSubjectReviewKind): Partial<TypeMeta> {
  const fault = (what: string): Error =>
    badRequest(unrecognizedBody(expected.kind, `couldn't get version/kind; json parse error: ${what}`, body));
  if (body.length === 0) throw fault("unexpected end of JSON input");
  const value = parsed(body, fault) ?? {};
  if (!isObject(value)) throw fault("not an object");
  const { apiVersion = "", kind = "" } = value;
  if (typeof (apiVersion ?? "") !== "string" || typeof (kind ?? "") !== "string")
    throw fault("apiVersion and kind are strings");
  return { apiVersion: apiVersion as string, kind: kind as string };
}

function parsed(body: Buffer, fault: (what: string) => Error): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch (error) {
    throw fault((error as Error).message);
  }
}

/** The object's own message is not read: nothing in it counts. */
function typeOfProtobuf(body: Buffer, expected: SelfSubjectReviewKind): TypeMeta {
  try {
    return decodeProtobufEnvelope(body);
  } catch (error) {
    if (!(error instanceof ProtobufFault)) throw error;
    throw badRequest(unrecognizedBody(expected.kind, error.message, body));
  }
}

function apiVersionOf({ group, version }: SelfSubjectReviewKind): string {
  return `${group}/${version}`;
}

function refused(code: number, reason: string, message: string): AnswerStatusError {
  return new AnswerStatusError("ERR_REQUEST_INVALID", { code, reason, message });
}
