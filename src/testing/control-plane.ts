import { randomBytes } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import type { UserInfo } from "../apis/authentication.ts";
import type { Clock } from "../clock.ts";
import type { ServiceResolver } from "../webhook/service-resolver.ts";
import type { WebhookClient } from "../webhook/webhook-client.ts";
import { createAdmissionChain } from "./admission/admission-chain.ts";
import { deleteContents, isNamespace } from "./admission/namespace-lifecycle.ts";
import { createServiceResolver, createWebhookAdmission } from "./admission/webhook-admission.ts";
import {
  createWebhookCaller,
  defaultWebhookServiceAccount,
  type WebhookAuthentication,
} from "./admission/webhook-caller.ts";
import { createRequestAuthentication } from "./authentication/request-authentication.ts";
import { createRbacAuthorizer } from "./authorization/rbac-authorizer.ts";
import { type Planting, plant, plantBootstrapObjects, plantDefaultServiceAccount } from "./bootstrap.ts";
import { webhookCallerGrant } from "./bootstrap-objects.ts";
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from "./certificates/certificate-authority.ts";
import { type ControlPlaneClock, createControlPlaneClock } from "./control-plane-clock.ts";
import { answerCall, type EndpointServices } from "./endpoints/api-endpoints.ts";
import { type KubeconfigUser, kubeconfigText } from "./kubeconfig-text.ts";
import { builtinKinds } from "./objects/builtin-kinds.ts";
import { createResourceRegistry, type ResourceKind, type ResourceRegistry } from "./objects/resource-kind.ts";
import { createDiscovery } from "./schema/discovery.ts";
import { createOpenApi } from "./schema/openapi.ts";
import { createServiceAccountAuthenticator } from "./service-accounts/service-account-authenticator.ts";
import {
  createServiceAccountIssuer,
  type RotateOptions,
  type ServiceAccountIssuer,
  type SigningAlgorithm,
} from "./service-accounts/service-account-issuer.ts";
import { createTokenRequestHandler } from "./service-accounts/token-request.ts";
import { createHttpsListener, type HttpsListener } from "./serving/https-listener.ts";
import { createObjectStore } from "./storage/object-store.ts";

/** A kind of the user's own, stored like any other: what an aggregated server or a CustomResourceDefinition would serve. */
export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, lower case. Default: the kind in lower case with an `s`. */
  readonly resource?: string;
  /** Default true. */
  readonly namespaced?: boolean;
  readonly shortNames?: readonly string[];
}

/** How a control plane differs from the default one. */
export interface ControlPlaneOptions {
  /** Default 0: any free port. Always on 127.0.0.1. */
  readonly port?: number;
  /** The `iss` of ServiceAccount tokens. Default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string;
  /** The API server's own audiences. Default: the issuer. */
  readonly audiences?: readonly string[];
  /** Default RS256. */
  readonly signingAlgorithm?: SigningAlgorithm;
  /** The feature gate APIServerWebhookAuthenticationToken, off in a real 1.37 unless turned on. Default true. */
  readonly webhookTokens?: boolean;
  readonly kinds?: readonly CustomKind[];
  /**
   * Whether webhook configurations have KEP-2510's `clientConfig.authenticationSource`. Default true; released API servers
   * do not know the field and drop it.
   */
  readonly authenticationSource?: boolean;
  /** How many changes a watch can go back. Default 1000. */
  readonly historyCapacity?: number;
  /** Whether, and as whom, it presents tokens to the webhooks it calls. Default: it calls them as nobody. */
  readonly webhookAuthentication?: WebhookAuthentication;
  /** The kubeconfig that kube-apiserver's admission configuration would name, as text: client certificates, tokens. */
  readonly admissionKubeconfig?: string;
  /** What its clock starts from. Default: the machine's. */
  readonly clock?: Clock;
}

/** Counted since the start. */
export interface ControlPlaneStatistics {
  /** Requests of any kind, refused ones included. */
  readonly calls: number;
  readonly tokensMinted: number;
  readonly webhookCalls: number;
}

/** A running control plane. */
export interface ControlPlane {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** What clients trust it by. */
  readonly caPem: string;
  /** Signs the control plane's certificate, and client certificates that it takes for users. */
  readonly certificateAuthority: CertificateAuthority;
  /** A bearer token of group `system:masters`. */
  readonly adminToken: string;
  readonly adminKubeconfig: string;
  kubeconfig(user: KubeconfigUser): string;
  /** Writes the administrator's kubeconfig, readable by nobody else (0600). */
  writeKubeconfig(file: string): Promise<void>;
  readonly clock: ControlPlaneClock;
  /** Signs with a new key from now on; the old ones stay published and accepted unless told otherwise. */
  rotateSigningKey(options?: RotateOptions): Promise<void>;
  statistics(): ControlPlaneStatistics;
  /** Forgets past changes as a restart or a compaction does: a watch from an older resource version is answered 410. */
  forgetHistory(): void;
  stop(): Promise<void>;
}

const defaultIssuer = "https://kubernetes.default.svc.cluster.local";

/**
 * Starts an API server in this process: real TLS, real tokens, real RBAC, objects in memory. It answers as kube-apiserver
 * 1.37 does for what it serves; the contract suite is run on both. Two things a cluster's controllers do it does by itself:
 * a namespace gets its `default` ServiceAccount, and takes its contents along when it is deleted. Left out, and refused
 * rather than pretended: server-side apply, and answers in protobuf. Left out: managed fields, RBAC's escalation check,
 * aggregated ClusterRoles, CEL, quotas, garbage collection, duplicate members under `fieldValidation=Strict`.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { issuer = defaultIssuer, signingAlgorithm: algorithm = "RS256" } = options;
  const parts: Parts = {
    options: { ...options, audiences: options.audiences ?? [issuer] },
    clock: createControlPlaneClock(options.clock),
    authority: createCertificateAuthority({ commonName: "countersign-control-plane" }),
    registry: createResourceRegistry([...builtinKinds, ...(options.kinds ?? []).map(customKind)]),
    issuer: await createServiceAccountIssuer({ issuer, algorithm }),
    adminToken: randomBytes(32).toString("base64url"),
    loopbackToken: randomBytes(32).toString("base64url"),
    url: "",
    counts: { calls: 0, tokensMinted: 0, webhookCalls: 0 },
  };
  const { services, webhookClient } = assemble(parts);
  plantObjects(parts, services);
  const listener = listenerOf(parts, services);
  const port = await listener.listen(options.port ?? 0);
  parts.url = `https://127.0.0.1:${port}`;
  return controlPlane(parts, services, port, async () => {
    await listener.close();
    webhookClient.close();
  });
}

interface Parts {
  readonly options: ControlPlaneOptions & { readonly audiences: readonly string[] };
  readonly clock: ControlPlaneClock;
  readonly authority: CertificateAuthority;
  readonly registry: ResourceRegistry;
  readonly issuer: ServiceAccountIssuer;
  readonly adminToken: string;
  readonly loopbackToken: string;
  /** Empty until it listens. */
  url: string;
  readonly counts: { calls: number; tokensMinted: number; webhookCalls: number };
}

interface Assembly {
  readonly services: EndpointServices;
  readonly webhookClient: WebhookClient;
}

/** Joins the parts: what needs what stands here and nowhere else. */
function assemble(parts: Parts): Assembly {
  const { options, registry, clock, issuer, counts } = parts;
  const { audiences, webhookTokens = true, historyCapacity } = options;
  const store = createObjectStore(historyCapacity === undefined ? {} : { historyCapacity });
  const authorizer = createRbacAuthorizer({ store, registry });
  const common = { store, registry, clock, issuer, authorizer, audiences };
  const webhookClient = webhookCallerOf(parts, createServiceResolver(common));
  const webhooks = createWebhookAdmission({ ...common, client: webhookClient });
  const serviceAccounts = createServiceAccountAuthenticator({ ...common, webhookTokens });
  const onMinted = (): void => {
    counts.tokensMinted += 1;
  };
  const services: EndpointServices = {
    ...common,
    url: () => parts.url,
    authentication: createRequestAuthentication({
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

function webhookCallerOf(parts: Parts, services: ServiceResolver): WebhookClient {
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
function staticTokens({ adminToken, loopbackToken }: Parts): ReadonlyMap<string, UserInfo> {
  const groups = ["system:masters"];
  return new Map([
    [adminToken, { username: "admin", groups }],
    [loopbackToken, { username: "system:apiserver", groups }],
  ]);
}

function plantObjects({ authority, options }: Parts, planting: Planting): void {
  plantBootstrapObjects(authority.certificatePem, planting);
  const { webhookAuthentication } = options;
  if (webhookAuthentication === undefined) return;
  const { serviceAccount = defaultWebhookServiceAccount } = webhookAuthentication;
  for (const object of webhookCallerGrant(serviceAccount)) plant(object, planting);
}

function listenerOf({ authority, counts, options }: Parts, services: EndpointServices): HttpsListener {
  const { authentication, authorizer } = services;
  return createHttpsListener({
    ...authority.issue({
      commonName: "kube-apiserver",
      dnsNames: ["localhost", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
      ipAddresses: ["127.0.0.1"],
    }),
    clientCaPem: authority.certificatePem,
    unservedFields: new Set(options.authenticationSource === false ? ["authenticationSource"] : []),
    answer: (call) => answerCall(call, services),
    onRequest: () => {
      counts.calls += 1;
    },
    ...{ authentication, authorizer },
  });
}

function controlPlane(
  { url, authority, adminToken, clock, issuer, counts }: Parts,
  { store }: EndpointServices,
  port: number,
  stop: () => Promise<void>,
): ControlPlane {
  const caPem = authority.certificatePem;
  const kubeconfig = (user: KubeconfigUser): string => kubeconfigText({ server: url, caPem, user });
  const adminKubeconfig = kubeconfig({ token: adminToken });
  return {
    ...{
      url,
      port,
      caPem,
      certificateAuthority: authority,
      adminToken,
      adminKubeconfig,
      kubeconfig,
      clock,
      stop,
    },
    writeKubeconfig: (file) => writePrivately(file, adminKubeconfig),
    rotateSigningKey: (rotation) => issuer.rotate(rotation),
    statistics: () => ({ ...counts }),
    forgetHistory: () => store.history.compact(store.revision()),
  };
}

function customKind({ group, version, kind, ...rest }: CustomKind): ResourceKind {
  const singular = kind.toLowerCase();
  const { resource = `${singular}s`, namespaced = true, shortNames } = rest;
  const names = shortNames === undefined ? {} : { shortNames };
  return { group, version, kind, resource, singular, namespaced, hasGeneration: true, ...names };
}

async function writePrivately(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  // the mode above is only for a file that was not there
  await chmod(file, 0o600);
}
