import type { AdmissionResponse } from "../apis/admission.ts";
import { type Clock, systemClock } from "../clock.ts";
import { andThen, type MaybePromise } from "../maybe-promise.ts";
import { reportWrongKeys } from "./json-runtime.ts";
import { createMutatedObject, type MutatedObject } from "./mutated-object.ts";
import type { FreeForm, Policy, PolicyReview, ReviewCaller } from "./policy.ts";
import { assertPolicy } from "./policy-check.ts";
import { createPolicyReview } from "./policy-review.ts";
import { reportUnmatched, runPolicy } from "./policy-run.ts";
import { allowedResponse, deniedResponse } from "./response.ts";
import type { DecodedReview } from "./review.ts";
import { createReviewDeadline, type ReviewDeadline } from "./review-deadline.ts";
import { createReviewNotes, type ReviewNotes } from "./review-notes.ts";
import { rulesMatch } from "./rules.ts";
import { type Refusal, readVerdict } from "./verdict.ts";

/** What makes the decision of one route. */
export interface AdmissionHandlerOptions {
  /** The route's path, for telemetry. */
  readonly path: string;
  /** Asked for at every review, so that a reloaded policy counts from the next one on. */
  readonly policies: () => readonly Policy[];
  /** Whether the route is a mutating webhook's. */
  readonly mutating: boolean;
  /** What a review may take that comes without a deadline. Default 10 000, as `timeoutSeconds` defaults to 10. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Decides the reviews of one route. */
export interface AdmissionHandler {
  /**
   * Runs the policies that match the review, one after the other, up to the first that refuses, and answers. At once, without a
   * promise, where every policy does. `deadlineAt`: epoch milliseconds by which the answer must be there.
   * @throws ERR_POLICY_INVALID where a policy that was exchanged meanwhile is none for this route; nothing else.
   */
  review(
    decoded: DecodedReview,
    caller: ReviewCaller | undefined,
    deadlineAt?: number,
  ): MaybePromise<AdmissionResponse>;
}

/**
 * The decision of one route. A review that no policy matches is allowed. Where the route mutates, every `mutate` runs first, each
 * on what the one before it left, then every `validate` on what came of it. What throws, gives no verdict or is late denies.
 * @throws ERR_POLICY_INVALID naming every fault of a policy that is none for this route.
 */
export function createAdmissionHandler(options: AdmissionHandlerOptions): AdmissionHandler {
  const { path, mutating, timeoutMs = 10_000, clock = systemClock } = options;
  const policiesFor = createPolicyList(options);
  reportWrongKeys();
  return {
    review(decoded, caller, deadlineAt = clock.now() + timeoutMs) {
      const policies = policiesFor(decoded);
      if (policies.length === 0) {
        reportUnmatched(path);
        return allowedResponse(decoded.request);
      }
      const deadline = createReviewDeadline(deadlineAt, clock);
      const notes = createReviewNotes();
      const object = mutating ? createMutatedObject(decoded) : undefined;
      const session: Session = { path, decoded, caller, policies, deadline, notes, object };
      return andThen(judge(session), (refusal) => answer(session, refusal));
    },
  };
}

/** All that the policies of one review share. */
interface Session {
  readonly path: string;
  readonly decoded: DecodedReview;
  readonly caller: ReviewCaller | undefined;
  readonly policies: readonly Policy[];
  readonly deadline: ReviewDeadline;
  readonly notes: ReviewNotes;
  /** Only where the route mutates. */
  readonly object: MutatedObject | undefined;
}

function createPolicyList(options: AdmissionHandlerOptions): (decoded: DecodedReview) => readonly Policy[] {
  const checked = new WeakSet<Policy>();
  const check = (policy: Policy): void => {
    if (checked.has(policy)) return;
    assertPolicy(policy, options);
    checked.add(policy);
  };
  options.policies().forEach(check);
  return (decoded) =>
    options.policies().filter((policy) => {
      check(policy);
      return rulesMatch(policy.match, decoded.request);
    });
}

function judge(session: Session): MaybePromise<Refusal | undefined> {
  const { policies, object } = session;
  const validateAll = (): MaybePromise<Refusal | undefined> =>
    untilRefused(policies, (policy) => validateBy(session, policy));
  if (object === undefined) return validateAll();
  const mutated = untilRefused(policies, (policy) => mutateBy(session, object, policy));
  return andThen(mutated, (refusal) => refusal ?? validateAll());
}

/** Goes on at once from every policy that answered at once: no promise where none waits. */
function untilRefused(
  policies: readonly Policy[],
  run: (policy: Policy) => MaybePromise<Refusal | undefined>,
  from = 0,
): MaybePromise<Refusal | undefined> {
  for (const [index, policy] of policies.entries()) {
    if (index < from) continue;
    const refusal = run(policy);
    if (refusal instanceof Promise)
      return refusal.then((found) => found ?? untilRefused(policies, run, index + 1));
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function validateBy(session: Session, policy: Policy): MaybePromise<Refusal | undefined> {
  if (policy.validate === undefined) return undefined;
  const { decoded, object } = session;
  const review = reviewFor(session, () => (object ?? decoded.object)?.value());
  const call = (): unknown => policy.validate?.(review);
  return runPolicy({ ...session, policy, call, read: (verdict) => readVerdict(policy, verdict) });
}

function mutateBy(
  session: Session,
  object: MutatedObject,
  policy: Policy,
): MaybePromise<Refusal | undefined> {
  if (policy.mutate === undefined) return undefined;
  let draft: unknown;
  const review = reviewFor(session, () => {
    draft = object.draft();
    return draft;
  });
  const call = (): unknown => policy.mutate?.(review);
  return runPolicy({ ...session, policy, call, read: (result) => object.accept(policy, draft, result) });
}

function reviewFor(session: Session, object: () => unknown): PolicyReview<FreeForm> {
  const { decoded, caller, deadline, notes } = session;
  return createPolicyReview({ decoded, caller, deadline, notes, object });
}

function answer(session: Session, refusal: Refusal | undefined): AdmissionResponse {
  const { decoded, notes, object, deadline } = session;
  deadline.release();
  const details = notes.details();
  if (refusal !== undefined) return deniedResponse(decoded.request, { ...details, ...refusal.denial });
  const patch = object?.patch();
  return allowedResponse(decoded.request, patch === undefined ? details : { ...details, patch });
}
