import type { PolicyMessage } from "../diagnostics.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { isThenable, type MaybePromise } from "../maybe-promise.ts";
import type { Policy } from "./policy.ts";
import type { DecodedReview } from "./review.ts";
import type { ReviewDeadline } from "./review-deadline.ts";
import { policyLate, policyThrew, type Refusal } from "./verdict.ts";

export interface PolicyRun {
  readonly path: string;
  readonly policy: Policy;
  readonly decoded: DecodedReview;
  readonly deadline: ReviewDeadline;
  /** The policy's function, called. */
  readonly call: () => unknown;
  /** What its answer means. */
  readonly read: (answer: unknown) => Refusal | undefined;
}

const channel = diagnosticsChannel("countersign:policy");

/**
 * Runs one function of a policy to a refusal or none: at once where the policy answers at once. Whatever it throws, and
 * however late it is, is a refusal; nothing rejects.
 */
export function runPolicy(run: PolicyRun): MaybePromise<Refusal | undefined> {
  const startedAt = performance.now();
  if (run.deadline.passed()) return report(run, startedAt, policyLate(run.policy));
  try {
    const answer = run.call();
    if (!isThenable(answer)) return report(run, startedAt, settle(run, answer));
    return run.deadline.within(answer).then(
      (value) => report(run, startedAt, settle(run, value)),
      (error) => report(run, startedAt, failed(run, error)),
    );
  } catch (error) {
    return report(run, startedAt, failed(run, error));
  }
}

function settle(run: PolicyRun, answer: unknown): Refusal | undefined {
  return run.deadline.passed() ? policyLate(run.policy) : run.read(answer);
}

function failed({ deadline, policy }: PolicyRun, error: unknown): Refusal {
  return deadline.passed() ? policyLate(policy) : policyThrew(policy, error);
}

function report(
  { path, policy, decoded }: PolicyRun,
  startedAt: number,
  refusal: Refusal | undefined,
): Refusal | undefined {
  if (!channel.hasSubscribers) return refusal;
  const durationMs = performance.now() - startedAt;
  const { uid } = decoded.request;
  channel.publish({ path, policy: policy.name, uid, ...outcomeOf(refusal), durationMs });
  return refusal;
}

function outcomeOf(refusal: Refusal | undefined): Pick<PolicyMessage, "outcome" | "code" | "detail"> {
  if (refusal === undefined) return { outcome: "allowed" };
  const { code, detail } = refusal;
  const outcome = code === "ERR_POLICY_DENIED" ? "denied" : "failed";
  return detail === undefined ? { outcome, code } : { outcome, code, detail };
}

/** Counts a review that no policy of the route judges. */
export function reportUnmatched(path: string): void {
  if (channel.hasSubscribers) channel.publish({ path, policy: "", outcome: "unmatched", durationMs: 0 });
}
