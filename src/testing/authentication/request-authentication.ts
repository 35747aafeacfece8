import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { UserInfo } from "../../apis/authentication.ts";
import type { AuthenticationMethod } from "../../authentication/authenticator.ts";
import type { AuthenticatedToken, TokenLookup } from "../service-accounts/service-account-authenticator.ts";
import { unauthorized } from "../status/status-error.ts";

/** A verified or refused client certificate, as the listener's socket has it. */
export interface ClientCertificate {
  readonly authorized: boolean;
  readonly user: UserInfo;
}

/** Who a request comes from, and by what that is known. */
export interface AuthenticatedRequest {
  readonly user: UserInfo;
  readonly by: AuthenticationMethod | "staticToken";
}

export interface RequestAuthentication {
  /** Who a request comes from; `system:anonymous` where nothing was presented. @throws 401 */
  authenticate(
    authorization: string | undefined,
    certificate: ClientCertificate | undefined,
  ): AuthenticatedRequest;
  /** The same for a token alone, as TokenReview asks. @throws with the reason */
  authenticateToken(token: string, audiences: readonly string[]): AuthenticatedToken;
}

export interface RequestAuthenticationOptions {
  /** User by token: kube-apiserver's `--token-auth-file`. */
  readonly staticTokens: ReadonlyMap<string, UserInfo>;
  readonly serviceAccounts: TokenLookup;
  /** The API server's own audiences. */
  readonly audiences: readonly string[];
}

const anonymous: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/**
 * kube-apiserver's chain: client certificate, then bearer token; the first that succeeds decides. A credential that was
 * presented and not accepted is 401, and only its absence is anonymous.
 */
export function createRequestAuthentication(options: RequestAuthenticationOptions): RequestAuthentication {
  const { staticTokens, serviceAccounts, audiences } = options;

  const authenticateToken = (token: string, wanted: readonly string[]): AuthenticatedToken => {
    const user = staticTokens.get(token);
    // a static token says nothing of audiences, so it is good for all that are asked for
    const found =
      user === undefined ? serviceAccounts.authenticate(token, wanted) : { user, audiences: wanted };
    if (found === undefined) throw new Error("invalid bearer token");
    return { ...found, user: authenticated(found.user) };
  };

  return {
    authenticateToken,
    authenticate(authorization, certificate) {
      if (certificate?.authorized) return { user: authenticated(certificate.user), by: "clientCertificate" };
      const token = bearerToken(authorization);
      if (token === undefined) {
        if (certificate !== undefined) throw unauthorized();
        return { user: anonymous, by: "anonymous" };
      }
      try {
        const { user } = authenticateToken(token, audiences);
        return { user, by: staticTokens.has(token) ? "staticToken" : "serviceAccountToken" };
      } catch {
        throw unauthorized();
      }
    },
  };
}

/** The token as k8s.io/apiserver pkg/authentication/request/bearertoken reads it; any other scheme is no credential. */
export function bearerToken(authorization: string | undefined): string | undefined {
  const [scheme, token] = (authorization ?? "").trim().split(" ");
  return scheme?.toLowerCase() === "bearer" && token !== "" ? token : undefined;
}

function authenticated(user: UserInfo): UserInfo {
  const group = "system:authenticated";
  const groups = user.groups ?? [];
  return groups.includes(group) ? user : { ...user, groups: [...groups, group] };
}

/** Common name and organizations as user and groups; undefined where the peer sent no certificate. */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerCertificate();
  if (certificate.raw === undefined) return undefined;
  // node types both as strings, but gives a list where an attribute stands more than once
  const subject = certificate.subject as unknown as Readonly<Record<string, string | string[] | undefined>>;
  const fingerprint = createHash("sha256").update(certificate.raw).digest("hex");
  return {
    authorized: socket.authorized,
    user: {
      username: [subject.CN ?? ""].flat()[0] ?? "",
      groups: [subject.O ?? []].flat(),
      extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
    },
  };
}
