import { X509Certificate } from "node:crypto";
import type { UserInfo } from "../../apis/authentication.ts";
import { createAnonymousAuthenticator } from "../../authentication/anonymous.ts";
import { authenticatedUser } from "../../authentication/authenticated-user.ts";
import type {
  AuthenticationMethod,
  Caller,
  PresentedCredentials,
  RequestAuthenticator,
  TokenAuthenticator,
} from "../../authentication/authenticator.ts";
import {
  bearerTokenWarnings,
  createLenientBearerTokenAuthenticator,
} from "../../authentication/lenient-bearer-token.ts";
import {
  createRequestHeaderAuthenticator,
  type RequestHeaderConfiguration,
} from "../../authentication/request-header.ts";
import { createUnionAuthenticator } from "../../authentication/union.ts";
import { createWebSocketBearerAuthenticator } from "../../authentication/websocket-bearer.ts";
import { createX509Authenticator } from "../../authentication/x509.ts";
import type { AuthenticatedToken, TokenLookup } from "../service-accounts/service-account-authenticator.ts";
import { unauthorized } from "../status/status-error.ts";

/** Who a request comes from, and by what that is known. */
export interface AuthenticatedRequest {
  readonly user: UserInfo;
  readonly by: AuthenticationMethod | "staticToken";
}

export interface RequestAuthentication {
  /**
   * Who a request comes from; `system:anonymous` where nothing was presented. What the client should be told of its
   * credentials goes to `warn`, whatever comes of them. @throws 401
   */
  authenticate(
    presented: PresentedCredentials,
    warn: (message: string) => void,
  ): Promise<AuthenticatedRequest>;
  /** The user of a token alone, as TokenReview asks. @throws with the reason */
  authenticateToken(token: string, audiences: readonly string[]): AuthenticatedToken;
}

export interface RequestAuthenticationOptions {
  /** PEM: signs the certificates of users. */
  readonly clientCaPem: string;
  readonly requestHeader: RequestHeaderConfiguration;
  /** User by token: kube-apiserver's `--token-auth-file`. */
  readonly staticTokens: ReadonlyMap<string, UserInfo>;
  readonly serviceAccounts: TokenLookup;
  /** The API server's own audiences. */
  readonly audiences: readonly string[];
}

/**
 * kube-apiserver's chain: front proxy, client certificate, bearer token; the first that succeeds decides. A credential that
 * was presented and not accepted is 401, and only its absence is anonymous. Certificates are judged by the machine's time,
 * as clients judge the control plane's.
 */
export function createRequestAuthentication(options: RequestAuthenticationOptions): RequestAuthentication {
  const { staticTokens, serviceAccounts, audiences } = options;
  const staticUsers = new Set(staticTokens.values());

  const lookUp = (token: string, wanted: readonly string[]): AuthenticatedToken => {
    const user = staticTokens.get(token);
    // a static token says nothing of audiences, so it is good for all that are asked for
    const found =
      user === undefined ? serviceAccounts.authenticate(token, wanted) : { user, audiences: wanted };
    if (found === undefined) throw new Error("invalid bearer token");
    return found;
  };
  const chain = chainOf(options, {
    authenticateToken: (token) => ({
      method: "serviceAccountToken",
      user: lookUp(token.reveal(), audiences).user,
    }),
  });

  return {
    authenticateToken(token, wanted) {
      const found = lookUp(token, wanted);
      return { ...found, user: authenticatedUser(found.user) };
    },
    async authenticate(presented, warn) {
      const caller = await authenticateBy(chain, presented);
      if (!byCertificate(caller)) bearerTokenWarnings(presented.authorization).forEach(warn);
      if (caller === undefined) throw unauthorized();
      const by = staticUsers.has(caller.user) ? "staticToken" : caller.method;
      return { user: authenticatedUser(caller.user), by };
    },
  };
}

function chainOf(
  { clientCaPem, requestHeader }: RequestAuthenticationOptions,
  tokens: TokenAuthenticator,
): RequestAuthenticator {
  const ca = [new X509Certificate(clientCaPem)];
  return createUnionAuthenticator([
    createRequestHeaderAuthenticator({ configuration: () => requestHeader }),
    createX509Authenticator({ ca: () => ca }),
    createLenientBearerTokenAuthenticator(tokens),
    createWebSocketBearerAuthenticator(tokens),
  ]);
}

const anonymous = createAnonymousAuthenticator(true);

/** Undefined where a credential was refused. */
async function authenticateBy(
  chain: RequestAuthenticator,
  presented: PresentedCredentials,
): Promise<Caller | undefined> {
  try {
    return (await chain.authenticateRequest(presented)) ?? (await anonymous?.authenticateRequest(presented));
  } catch {
    return undefined;
  }
}

/** These come before tokens, which are not looked at then. */
function byCertificate(caller: Caller | undefined): boolean {
  return caller?.method === "requestHeader" || caller?.method === "clientCertificate";
}
