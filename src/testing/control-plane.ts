import { randomBytes } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import type { UserInfo } from "../apis/authentication.ts";
import type { Clock } from "../clock.ts";
import { createAdmissionChain, noWebhooks } from "./admission-chain.ts";
import { answerCall, type EndpointServices } from "./api-endpoints.ts";
import { type Planting, plantBootstrapObjects, plantDefaultServiceAccount } from "./bootstrap.ts";
import { builtinKinds } from "./builtin-kinds.ts";
import { type CertificateAuthority, createCertificateAuthority } from "./certificate-authority.ts";
import { type ControlPlaneClock, createControlPlaneClock } from "./control-plane-clock.ts";
import { createDiscovery } from "./discovery.ts";
import { createHttpsListener } from "./https-listener.ts";
import { type KubeconfigUser, kubeconfigText } from "./kubeconfig-text.ts";
import { deleteContents } from "./namespace-lifecycle.ts";
import { createObjectStore } from "./object-store.ts";
import { createOpenApi } from "./openapi.ts";
import { createRbacAuthorizer } from "./rbac-authorizer.ts";
import { createRequestAuthentication } from "./request-authentication.ts";
import { createResourceRegistry, type ResourceKind, type ResourceRegistry } from "./resource-kind.ts";
import { createServiceAccountAuthenticator } from "./service-account-authenticator.ts";
import {
  createServiceAccountIssuer,
  type RotateOptions,
  type SigningAlgorithm,
} from "./service-account-issuer.ts";
import { createTokenRequestHandler } from "./token-request.ts";

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
  /** How many changes a watch can go back. Default 1000. */
  readonly historyCapacity?: number;
  /** What its clock starts from. Default: the machine's. */
  readonly clock?: Clock;
}

/** Counted since the start. */
export interface ControlPlaneStatistics {
  /** Requests of any kind, refused ones included. */
  readonly calls: number;
  readonly tokensMinted: number;
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
 * 1.37 does for what it serves. Left out, and never pretended: RBAC's escalation check, aggregated ClusterRoles, field
 * validation, server-side apply, CEL, quotas, garbage collection, and every controller but two, for a namespace's
 * `default` ServiceAccount and for the contents of a deleted namespace.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { issuer: issuerName = defaultIssuer } = options;
  const clock = createControlPlaneClock(options.clock);
  const authority = createCertificateAuthority({ commonName: "countersign-control-plane" });
  const registry = createResourceRegistry([...builtinKinds, ...(options.kinds ?? []).map(customKind)]);
  const signing = { issuer: issuerName, algorithm: options.signingAlgorithm ?? "RS256" } as const;
  const adminToken = randomBytes(32).toString("base64url");
  const counts = { calls: 0, tokensMinted: 0 };
  let url = "";
  const services = assemble({
    options: { ...options, audiences: options.audiences ?? [issuerName] },
    registry,
    clock,
    issuer: await createServiceAccountIssuer(signing),
    adminToken,
    url: () => url,
    onMinted: () => {
      counts.tokensMinted += 1;
    },
  });
  plantBootstrapObjects(authority.certificatePem, services);
  const serving = authority.issue({
    commonName: "kube-apiserver",
    dnsNames: ["localhost", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
    ipAddresses: ["127.0.0.1"],
  });
  const listener = createHttpsListener({
    ...serving,
    clientCaPem: authority.certificatePem,
    ...services,
    answer: (call) => answerCall(call, services),
    onRequest: () => {
      counts.calls += 1;
    },
  });
  const port = await listener.listen(options.port ?? 0);
  url = `https://127.0.0.1:${port}`;
  const caPem = authority.certificatePem;
  const kubeconfig = (user: KubeconfigUser): string => kubeconfigText({ server: url, caPem, user });
  const adminKubeconfig = kubeconfig({ token: adminToken });
  return {
    ...{ url, port, caPem, certificateAuthority: authority, adminToken, adminKubeconfig, kubeconfig, clock },
    writeKubeconfig: (file) => writePrivately(file, adminKubeconfig),
    rotateSigningKey: (rotation) => services.issuer.rotate(rotation),
    statistics: () => ({ ...counts }),
    forgetHistory: () => services.store.history.compact(services.store.revision()),
    stop: () => listener.close(),
  };
}

interface Parts {
  readonly options: ControlPlaneOptions & { readonly audiences: readonly string[] };
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly issuer: EndpointServices["issuer"];
  readonly adminToken: string;
  readonly url: () => string;
  readonly onMinted: () => void;
}

/** Joins the parts: what needs what stands here and nowhere else. */
function assemble({ options, registry, clock, issuer, adminToken, url, onMinted }: Parts): EndpointServices {
  const { audiences, webhookTokens = true, historyCapacity } = options;
  const store = createObjectStore(historyCapacity === undefined ? {} : { historyCapacity });
  const authorizer = createRbacAuthorizer({ store, registry });
  const planting: Planting = { store, registry, clock };
  const serviceAccounts = createServiceAccountAuthenticator({
    issuer,
    store,
    registry,
    clock,
    webhookTokens,
  });
  const admin: UserInfo = { username: "kubernetes-admin", groups: ["system:masters"] };
  return {
    ...{ store, registry, clock, issuer, authorizer, audiences, url },
    authentication: createRequestAuthentication({
      staticTokens: new Map([[adminToken, admin]]),
      serviceAccounts,
      audiences,
    }),
    admission: createAdmissionChain({ store, registry, webhooks: noWebhooks }),
    discovery: createDiscovery(registry, () => url().replace("https://", "")),
    openApi: createOpenApi(registry),
    requestToken: createTokenRequestHandler({
      ...{ store, registry, authorizer, issuer, clock, audiences, webhookTokens, onMinted },
    }),
    onCreated: (kind, object) => {
      if (isNamespace(kind)) plantDefaultServiceAccount(object.metadata.name, planting);
    },
    onDeleted: (kind, object) => {
      if (isNamespace(kind)) deleteContents(object, registry, store);
    },
  };
}

function isNamespace({ group, resource }: ResourceKind): boolean {
  return group === "" && resource === "namespaces";
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
