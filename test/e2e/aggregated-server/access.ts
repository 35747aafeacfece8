import { createDelegatingAuthenticator, type DelegatingAuthenticator } from "countersign/authentication";
import { type Authorizer, createImpersonation } from "countersign/authorization";
import { type APIMiddleware, createAPIAccess } from "countersign/server";
import type { AuthenticationConfigMap, ReviewClients } from "countersign/webhook";

/** As kube-apiserver's aggregation layer wants it: its users, those of the client CA, and tokens by TokenReview. */
export function createAuthenticator(
  map: AuthenticationConfigMap,
  reviews: ReviewClients,
): DelegatingAuthenticator {
  return createDelegatingAuthenticator({
    requestHeader: map.requestHeader,
    clientCA: map.clientCA,
    tokenReview: { client: reviews },
    // whoever is nobody gets to /healthz, and nowhere else: the authorizer says so
    anonymous: true,
  });
}

/** Lets through who may, without a trace of what proved it; others are answered as an API server answers them. */
export function createAccess(authenticator: DelegatingAuthenticator, authorizer: Authorizer): APIMiddleware {
  return createAPIAccess({ authenticator, authorizer, impersonation: createImpersonation({ authorizer }) });
}
