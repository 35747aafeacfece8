import {
  createDelegatingAuthenticator,
  type DelegatingAuthenticator,
} from "../../authentication/delegating.ts";
import { createAlwaysAllowAuthorizer } from "../../authorization/always-allow.ts";
import { createAlwaysAllowedPathsAuthorizer } from "../../authorization/always-allowed-paths.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import { createDelegatingAuthorizer } from "../../authorization/delegating.ts";
import { createUnionAuthorizer } from "../../authorization/union.ts";
import type { Clock } from "../../clock.ts";
import type { GatewayConfiguration } from "../../configuration/gateway-configuration.ts";
import type { ReviewClients } from "../../transport/review-clients.ts";
import type { CallerTrust } from "./caller-trust.ts";

export interface ConfiguredAuthenticatorOptions {
  readonly authentication: GatewayConfiguration["authentication"];
  readonly trust: Pick<CallerTrust, "clientCA" | "requestHeader">;
  readonly reviews: ReviewClients;
  readonly clock: Clock;
}

/** Who calls, as a configuration says it; with a cache of tokens of its own. */
export function createConfiguredAuthenticator({
  authentication,
  trust: { clientCA, requestHeader },
  reviews,
  clock,
}: ConfiguredAuthenticatorOptions): DelegatingAuthenticator {
  const { tokenReview, anonymous } = authentication;
  return createDelegatingAuthenticator({
    anonymous,
    clock,
    ...(clientCA !== undefined && { clientCA }),
    ...(requestHeader !== undefined && { requestHeader }),
    ...(tokenReview !== undefined && {
      tokenReview: {
        client: reviews,
        audiences: tokenReview.audiences,
        implicitAudiences: tokenReview.implicitAudiences,
        timeoutMs: tokenReview.timeout.ms,
        cacheTTLMs: tokenReview.cacheTTL.ms,
      },
    }),
  });
}

export interface ConfiguredAuthorizerOptions {
  readonly authorization: GatewayConfiguration["authorization"];
  readonly reviews: ReviewClients;
  readonly clock: Clock;
}

/** Who is asked whether they may. */
export interface ConfiguredAuthorizers {
  readonly requests: Authorizer;
  /** About what is behind a node: a path that is open to everybody at the gateway is not open at kubelets by that. */
  readonly kubelets: Authorizer;
}

/** Whether they may, as a configuration says it; with one cache of decisions of its own. */
export function createConfiguredAuthorizers({
  authorization,
  reviews,
  clock,
}: ConfiguredAuthorizerOptions): ConfiguredAuthorizers {
  const { mode, authorizedTTL, unauthorizedTTL, alwaysAllowPaths, alwaysAllowGroups } = authorization;
  if (mode === "AlwaysAllow") {
    const everything = createAlwaysAllowAuthorizer();
    return { requests: everything, kubelets: everything };
  }
  const kubelets = createDelegatingAuthorizer({
    client: reviews,
    allowTTLMs: authorizedTTL.ms,
    denyTTLMs: unauthorizedTTL.ms,
    alwaysAllowPaths: [],
    alwaysAllowGroups,
    clock,
  });
  const open = createAlwaysAllowedPathsAuthorizer(alwaysAllowPaths);
  return { requests: createUnionAuthorizer([open, kubelets]), kubelets };
}
