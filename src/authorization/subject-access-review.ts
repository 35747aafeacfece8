import type {
  ResourceAttributes,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from "../apis/authorization.ts";
import { createExpiringCache } from "../cache/expiring-cache.ts";
import { createSingleFlight } from "../cache/single-flight.ts";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { AccessAttributes, AccessDecision, Authorizer } from "./authorizer.ts";

/** Posts `/apis/authorization.k8s.io/v1/subjectaccessreviews`; `transport/` has one. */
export interface SubjectAccessReviewClient {
  createSubjectAccessReview(
    review: SubjectAccessReview,
    options: { readonly signal: AbortSignal },
  ): Promise<SubjectAccessReview>;
}

/** Whom to ask, and how long an answer counts. */
export interface SubjectAccessReviewOptions {
  readonly client: SubjectAccessReviewClient;
  /** How long leave is remembered. Default 10 000 (10 s), as delegated authorization of an API server; 0 is not at all. */
  readonly allowTTLMs?: number;
  /** How long everything else is. Default 10 000 (10 s). */
  readonly denyTTLMs?: number;
  /** Default 8 192; from there on the answer that was least recently used goes. */
  readonly maxEntries?: number;
  /** For one answer, however often it has to be asked for. Default 30 000 (30 s). */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/**
 * How long answers count where nothing else is said, by what answers requests with them: a kubelet's
 * (KubeletConfiguration, authorization.webhook) and an aggregated API server's (kubernetes/apiserver pkg/server/options).
 */
export const accessReviewLifetimes = {
  kubelet: { allowTTLMs: 300_000, denyTTLMs: 30_000 },
  aggregated: { allowTTLMs: 10_000, denyTTLMs: 10_000 },
} as const;

/** What somebody asks for can be long, and is remembered with the answer: from here on it is not (plugin/pkg/authorizer/webhook). */
const longestRememberedBytes = 10_000;

/**
 * Asks an API server whether somebody may (SubjectAccessReview), with everything that is known of the user: name, uid,
 * groups, extra. Answers are remembered by the whole question, failures never; those who ask the same at once share one
 * review. Rules are kubernetes/apiserver's (plugin/pkg/authorizer/webhook): what is denied is a denial, and an answer that
 * allows and denies at once is one, too, with an `error`; what is not allowed is no opinion; `evaluationError` alone decides nothing.
 * @returns an authorizer that throws ERR_ACCESS_REVIEW_UNAVAILABLE where the server cannot be asked, or its answer is none.
 */
export function createSubjectAccessReviewAuthorizer(options: SubjectAccessReviewOptions): Authorizer {
  const { aggregated } = accessReviewLifetimes;
  const { allowTTLMs = aggregated.allowTTLMs, denyTTLMs = aggregated.denyTTLMs } = options;
  const { maxEntries = 8_192, clock = systemClock } = options;
  const cache = createExpiringCache<AccessDecision>({ maxEntries, evict: "leastRecentlyUsed", clock });
  const flights = createSingleFlight<AccessDecision>();

  const ask = async (attributes: AccessAttributes, key: string): Promise<AccessDecision> => {
    const decision = processAccessReview(await post(options, specOf(attributes)));
    const ttlMs = decision.decision === "allow" ? allowTTLMs : denyTTLMs;
    if (lengthOf(attributes) < longestRememberedBytes) cache.set(key, decision, clock.now() + ttlMs);
    return decision;
  };

  return {
    authorize(attributes, { signal } = {}) {
      const key = keyOf(attributes);
      return cache.get(key) ?? flights.do(key, () => ask(attributes, key), signal);
    },
  };
}

/** Everything that is asked. Not the review itself: leaving out what is empty takes as long as all the rest. */
function keyOf({ user, resource, nonResource }: AccessAttributes): string {
  const { username, uid, groups, extra } = user;
  return JSON.stringify([username, uid, groups, extra, resource, nonResource]);
}

/** Without what is empty, as Go leaves it out. */
function specOf({ user, resource, nonResource }: AccessAttributes): SubjectAccessReviewSpec {
  const { username, uid, groups, extra } = user;
  return {
    ...(resource !== undefined && { resourceAttributes: filled(resource) }),
    ...(nonResource !== undefined && { nonResourceAttributes: filled(nonResource) }),
    user: username,
    ...(uid && { uid }),
    ...(groups && groups.length > 0 && { groups }),
    ...(extra && Object.keys(extra).length > 0 && { extra }),
  };
}

function filled<T extends object>(attributes: T): T {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value)) as T;
}

/** Bytes of all that who asks can choose: the values as upstream adds them up, and selectors. */
function lengthOf({ resource = {}, nonResource = {} }: AccessAttributes): number {
  const { fieldSelector, labelSelector, ...names }: ResourceAttributes = resource;
  const selectors = [fieldSelector?.rawSelector, labelSelector?.rawSelector];
  return Buffer.byteLength([...Object.values(names), ...selectors, ...Object.values(nonResource)].join(""));
}

async function post(
  { client, timeoutMs = 30_000 }: SubjectAccessReviewOptions,
  spec: SubjectAccessReviewSpec,
): Promise<unknown> {
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
  try {
    return await client.createSubjectAccessReview(review, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw unavailable("the API server could not be asked", cause);
  }
}

/**
 * The decision in a SubjectAccessReview's answer.
 * @throws ERR_ACCESS_REVIEW_UNAVAILABLE for an answer that is no SubjectAccessReview.
 */
export function processAccessReview(answer: unknown): AccessDecision {
  const { status } = isObject(answer) ? answer : {};
  if (!isObject(status)) throw unavailable("its answer has no status");
  const { allowed = false, denied = false, reason = "" } = status;
  if (typeof allowed !== "boolean" || typeof denied !== "boolean" || typeof reason !== "string")
    throw unavailable("its answer's status is not one");
  if (denied && allowed)
    return { decision: "deny", reason, error: unavailable("its answer allows and denies at once") };
  if (denied) return { decision: "deny", reason };
  return { decision: allowed ? "allow" : "noOpinion", reason };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unavailable(why: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", `access review: ${why}`, { cause });
}
