import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { UserInfo } from "../../apis/authentication.ts";
import {
  createDelegatingAuthenticator,
  type DelegatingAuthenticator,
  tokenReviewLifetimes,
} from "../../authentication/delegating.ts";
import { presentedCredentials } from "../../authentication/presented-credentials.ts";
import { createAlwaysAllowAuthorizer } from "../../authorization/always-allow.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import {
  kubeletAuthorizationErrorText,
  kubeletForbiddenText,
  kubeletUnauthorizedText,
} from "../../authorization/kubelet-texts.ts";
import { kubeletVerb, nodeSubresources } from "../../authorization/node-subresources.ts";
import { createSubjectAccessReviewAuthorizer } from "../../authorization/subject-access-review.ts";
import type { Clock } from "../../clock.ts";
import { CountersignError } from "../../errors.ts";
import { Secret } from "../../secret.ts";
import { createReviewClients, type ReviewClients } from "../../transport/review-clients.ts";
import type { CertificateAuthority } from "../certificates/certificate-authority.ts";
import { type KubeletAnswer, plain } from "./kubelet-answer.ts";
import type { KubeletControlPlane, KubeletOptions } from "./kubelet-options.ts";

export interface KubeletAccess {
  /** Whose certificates the listener asks for. */
  readonly clientCaPem: string;
  /** Undefined where the request may be served, otherwise the refusal: pkg/kubelet/server InstallAuthFilter. */
  refusalOf(request: IncomingMessage, path: string): Promise<KubeletAnswer | undefined>;
  close(): Promise<void>;
}

export interface KubeletAccessOptions
  extends Pick<KubeletOptions, "authentication" | "authorization" | "controlPlane"> {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly authority: CertificateAuthority;
}

/** Who calls a kubelet and what she may, with the defaults of a KubeletConfiguration. */
export function createKubeletAccess(options: KubeletAccessOptions): KubeletAccess {
  const { controlPlane, nodeName, authentication = {}, authorization = {} } = options;
  const clientCaPem = authentication.clientCaPem ?? options.authority.certificatePem;
  const reviews = controlPlane === undefined ? undefined : reviewClients(controlPlane, nodeName);
  const authenticator = authenticatorOf(options, clientCaPem, reviews);
  const authorizer = authorizerOf(options, reviews);
  return {
    clientCaPem,
    async refusalOf(request, path) {
      const user = await userOf(request, authenticator);
      if (user === undefined) return plain(401, kubeletUnauthorizedText);
      const subresources = nodeSubresources(path, authorization.fineGrained ?? true);
      return decide(authorizer, { user, nodeName, subresources, verb: verbOf(request.method) });
    },
    close: async () => reviews?.close(),
  };
}

/** As the node itself, by a certificate of its own. */
function reviewClients(
  { url, caPem, certificateAuthority }: KubeletControlPlane,
  nodeName: string,
): ReviewClients {
  const { certificatePem, keyPem } = certificateAuthority.issue({
    commonName: `system:node:${nodeName}`,
    organization: "system:nodes",
  });
  return createReviewClients({
    server: url,
    ca: caPem,
    clientCertificate: { certificate: certificatePem, key: new Secret(keyPem) },
  });
}

function authenticatorOf(
  { authentication = {}, clock }: KubeletAccessOptions,
  clientCaPem: string,
  reviews: ReviewClients | undefined,
): DelegatingAuthenticator {
  const { cacheTTLMs } = { ...tokenReviewLifetimes.kubelet, ...authentication };
  const { anonymous = false, webhook = reviews !== undefined } = authentication;
  const ca = [new X509Certificate(clientCaPem)];
  return createDelegatingAuthenticator({
    clientCA: () => ca,
    ...(webhook && { tokenReview: { client: asked(reviews), cacheTTLMs } }),
    ...{ anonymous, clock },
  });
}

function authorizerOf(
  { authorization = {}, clock }: KubeletAccessOptions,
  reviews: ReviewClients | undefined,
): Authorizer {
  const { mode = reviews === undefined ? "AlwaysAllow" : "Webhook" } = authorization;
  if (mode === "AlwaysAllow") return createAlwaysAllowAuthorizer();
  return createSubjectAccessReviewAuthorizer({
    client: asked(reviews),
    allowTTLMs: authorization.authorizedTTLMs ?? 300_000,
    denyTTLMs: authorization.unauthorizedTTLMs ?? 30_000,
    clock,
  });
}

function asked(reviews: ReviewClients | undefined): ReviewClients {
  if (reviews !== undefined) return reviews;
  throw new CountersignError(
    "ERR_CONFIGURATION",
    "kubelet: no control plane is given that could be asked for reviews",
  );
}

async function userOf(
  request: IncomingMessage,
  authenticator: DelegatingAuthenticator,
): Promise<UserInfo | undefined> {
  try {
    // no kubelet knows impersonation: its headers make nobody somebody else here
    const handled = { impersonation: "handled" } as const;
    return (await authenticator.authenticateRequest(presentedCredentials(request), handled)).user;
  } catch {
    return undefined;
  }
}

interface Question {
  readonly user: UserInfo;
  readonly nodeName: string;
  readonly verb: string;
  readonly subresources: readonly string[];
}

async function decide(
  authorizer: Authorizer,
  { user, nodeName, verb, subresources }: Question,
): Promise<KubeletAnswer | undefined> {
  const node = { verb, version: "v1", resource: "nodes", name: nodeName };
  for (const subresource of subresources)
    try {
      const { decision, error } = await authorizer.authorize({ user, resource: { ...node, subresource } });
      if (error !== undefined) throw error;
      if (decision === "allow") return undefined;
    } catch {
      return plain(500, kubeletAuthorizationErrorText(user, verb, subresource));
    }
  return plain(403, kubeletForbiddenText(user, verb, subresources));
}

/** For HEAD a kubelet asks about the empty verb, which only `*` grants. */
function verbOf(method = ""): string {
  return method === "HEAD" ? "" : (kubeletVerb(method) ?? "");
}
