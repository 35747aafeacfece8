import { type AdmissionHandler, createAdmissionHandler } from "../../admission/handler.ts";
import type { Policy } from "../../admission/policy.ts";
import type { RequestAuthenticator } from "../../authentication/authenticator.ts";
import type { ReviewGroupOptions } from "../../authorization/attested-api-group.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { CountersignError } from "../../errors.ts";
import type { DeadlineOptions } from "./review-deadline.ts";

/** Who may call: `enforce` refuses others, `observe` only says whom it would refuse, `off` asks nobody. */
export type RouteMode = "off" | "observe" | "enforce";

/** What one review may cost. */
export interface RouteLimits extends DeadlineOptions {
  /** A longer body is denied. Default 7 MiB: two objects of 3 MiB, the API server's limit, and 1 MiB for the rest. */
  readonly maxBodyBytes: number;
  /** A body that takes longer to arrive is denied. Default 10 000 (10 s). */
  readonly bodyTimeoutMs: number;
}

/** What makes a webhook: who may call, what judges, within which limits. */
export interface AdmissionRouteOptions extends ReviewGroupOptions {
  /** As logs and metrics call it; requests are matched to a route by whoever owns the listener. */
  readonly path: string;
  /** Default `enforce`. */
  readonly mode?: RouteMode;
  /** Who is calling (`createWebhookCallerAuthenticator`). Required unless the mode is `off`. */
  readonly authenticator?: RequestAuthenticator;
  /** What judges the reviews, asked for at every review so that a reload counts at once. Default: nothing does. */
  readonly policies?: () => readonly Policy[];
  /** Whether a MutatingWebhookConfiguration calls, so that the answer may hold a patch. Default false. */
  readonly mutating?: boolean;
  /** Default 7 MiB, 10 s for the body, 30 s for the review less 500 ms of what its caller announces. */
  readonly limits?: Partial<RouteLimits>;
  readonly clock?: Clock;
}

/** One webhook's path, with all that is needed to answer it. Made by {@link createAdmissionRoute}. */
export interface AdmissionRoute {
  readonly path: string;
  readonly mode: RouteMode;
  readonly authenticator: RequestAuthenticator | undefined;
  readonly handler: AdmissionHandler;
  readonly groups: ReviewGroupOptions;
  readonly limits: RouteLimits;
  readonly clock: Clock;
}

export const defaultLimits: RouteLimits = {
  maxBodyBytes: 7 * 1024 * 1024,
  bodyTimeoutMs: 10_000,
  deadlineMs: 30_000,
  deadlineMarginMs: 500,
};

/**
 * Puts one webhook together: who may call, what judges, within which limits.
 * @throws ERR_CONFIGURATION where the mode needs an authenticator and none is given.
 */
export function createAdmissionRoute(options: AdmissionRouteOptions): AdmissionRoute {
  const {
    path,
    mode = "enforce",
    authenticator,
    policies = () => [],
    mutating = false,
    clock = systemClock,
  } = options;
  if (mode !== "off" && authenticator === undefined)
    throw new CountersignError("ERR_CONFIGURATION", `${path}: mode ${mode} needs an authenticator`);
  const { subresourceGroups } = options;
  return {
    path,
    mode,
    authenticator: mode === "off" ? undefined : authenticator,
    handler: createAdmissionHandler({ path, policies, mutating, clock }),
    groups: subresourceGroups === undefined ? {} : { subresourceGroups },
    limits: { ...defaultLimits, ...options.limits },
    clock,
  };
}
