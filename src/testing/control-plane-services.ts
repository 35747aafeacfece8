import type { UserInfo } from "../apis/authentication.ts";
import type { RequestHeaderConfiguration } from "../authentication/request-header.ts";
import type { ServiceResolver } from "../webhook/client/service-resolver.ts";
import type { WebhookClient } from "../webhook/client/webhook-client.ts";
import { createAdmissionChain } from "./admission/admission-chain.ts";
import { deleteContents, isNamespace } from "./admission/namespace-lifecycle.ts";
import { createServiceResolver, createWebhookAdmission } from "./admission/webhook-admission.ts";
import { createWebhookCaller } from "./admission/webhook-caller.ts";
import { createRequestAuthentication } from "./authentication/request-authentication.ts";
import { conditionAuthorizer } from "./authorization/condition-authorizer.ts";
import { createRbacAuthorizer } from "./authorization/rbac-authorizer.ts";
import { plantDefaultServiceAccount } from "./bootstrap.ts";
import type { CertificateAuthority } from "./certificates/certificate-authority.ts";
import type { ControlPlaneClock } from "./control-plane-clock.ts";
import type { ControlPlaneOptions } from "./control-plane-options.ts";
import type { EndpointServices } from "./endpoints/api-endpoints.ts";
import type { ResourceRegistry } from "./objects/resource-kind.ts";
import { createDiscovery } from "./schema/discovery.ts";
import { createOpenApi } from "./schema/openapi.ts";
import { createServiceAccountAuthenticator } from "./service-accounts/service-account-authenticator.ts";
import type { ServiceAccountIssuer } from "./service-accounts/service-account-issuer.ts";
import { createTokenRequestHandler } from "./service-accounts/token-request.ts";
import { createObjectStore } from "./storage/object-store.ts";

/** What a control plane is joined from. */
export interface ControlPlaneParts {
  readonly options: ControlPlaneOptions & { readonly audiences: readonly string[] };
  readonly clock: ControlPlaneClock;
  readonly authority: CertificateAuthority;
  readonly frontProxyAuthority: CertificateAuthority;
  readonly requestHeader: RequestHeaderConfiguration;
  readonly registry: ResourceRegistry;
  readonly issuer: ServiceAccountIssuer;
  readonly adminToken: string;
  readonly loopbackToken: string;
  /** Empty until it listens. */
  url: string;
  readonly counts: { calls: number; tokensMinted: number; webhookCalls: number };
}

/** What answers requests, and the client that calls webhooks for it. */
export interface ControlPlaneServices {
  readonly services: EndpointServices;
  readonly webhookClient: WebhookClient;
}

/** Joins the parts: what needs what stands here and nowhere else. */
export function createControlPlaneServices(parts: ControlPlaneParts): ControlPlaneServices {
  const { options, registry, clock, issuer, counts } = parts;
  const { audiences, webhookTokens = true, historyCapacity } = options;
  const store = createObjectStore(historyCapacity === undefined ? {} : { historyCapacity });
  const authorizer = createRbacAuthorizer({ store, registry });
  const common = { store, registry, clock, issuer, authorizer, audiences };
  const webhookClient = webhookCallerOf(parts, createServiceResolver(common));
  const webhooks = createWebhookAdmission({
    ...common,
    client: webhookClient,
    authorizer: conditionAuthorizer(authorizer),
  });
  const serviceAccounts = createServiceAccountAuthenticator({ ...common, webhookTokens });
  const onMinted = (): void => {
    counts.tokensMinted += 1;
  };
  const services: EndpointServices = {
    ...common,
    url: () => parts.url,
    authentication: createRequestAuthentication({
      clientCaPem: parts.authority.certificatePem,
      requestHeader: parts.requestHeader,
      staticTokens: staticTokens(parts),
      serviceAccounts,
      audiences,
    }),
    admission: createAdmissionChain({ ...common, webhooks }),
    discovery: createDiscovery(registry, () => parts.url.replace("https://", "")),
    openApi: createOpenApi(registry),
    requestToken: createTokenRequestHandler({ ...common, webhookTokens, onMinted }),
    onCreated: (kind, object) => {
      if (isNamespace(kind)) plantDefaultServiceAccount(object.metadata.name, common);
    },
    onDeleted: (kind, object) => {
      if (isNamespace(kind)) deleteContents(object, registry, store);
    },
  };
  return { services, webhookClient };
}

function webhookCallerOf(parts: ControlPlaneParts, services: ServiceResolver): WebhookClient {
  const { options, clock, authority, loopbackToken: token, counts } = parts;
  return createWebhookCaller({
    authentication: options.webhookAuthentication,
    kubeconfig: options.admissionKubeconfig,
    loopback: { url: () => parts.url, caPem: authority.certificatePem, token },
    onCall: () => {
      counts.webhookCalls += 1;
    },
    ...{ services, clock },
  });
}

/** Two administrators: the user's, and the control plane itself when it asks itself for a token. */
function staticTokens({ adminToken, loopbackToken }: ControlPlaneParts): ReadonlyMap<string, UserInfo> {
  const groups = ["system:masters"];
  return new Map([
    [adminToken, { username: "admin", groups }],
    [loopbackToken, { username: "system:apiserver", groups }],
  ]);
}
