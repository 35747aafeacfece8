import { randomBytes } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { defaultWebhookServiceAccount } from "./admission/webhook-caller.ts";
import { frontProxyConfiguration } from "./authentication/front-proxy.ts";
import { type Planting, plant, plantBootstrapObjects } from "./bootstrap.ts";
import { webhookCallerGrant } from "./bootstrap-objects.ts";
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from "./certificates/certificate-authority.ts";
import { type ControlPlaneClock, createControlPlaneClock } from "./control-plane-clock.ts";
import type { ControlPlaneOptions } from "./control-plane-options.ts";
import { type ControlPlaneParts, createControlPlaneServices } from "./control-plane-services.ts";
import { answerCall, type EndpointServices } from "./endpoints/api-endpoints.ts";
import { type KubeconfigUser, kubeconfigText } from "./kubeconfig-text.ts";
import { builtinKinds, selfSubjectReviews } from "./objects/builtin-kinds.ts";
import { customKind } from "./objects/custom-kind.ts";
import { createResourceRegistry } from "./objects/resource-kind.ts";
import { createServiceAccountIssuer, type RotateOptions } from "./service-accounts/service-account-issuer.ts";
import { createHttpsListener, type HttpsListener } from "./serving/https-listener.ts";

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
  /**
   * Signs certificates of front proxies. Whoever presents one with the common name `front-proxy-client` says who its user is:
   * `X-Remote-User`, `X-Remote-Uid`, `X-Remote-Group`, `X-Remote-Extra-KEY`. Of anybody else these headers are not read.
   */
  readonly frontProxyAuthority: CertificateAuthority;
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
 * rather than pretended: server-side apply, answers in anything but JSON, and objects by their metadata alone. Left out:
 * managed fields, RBAC's escalation check, aggregated ClusterRoles, CEL, quotas, garbage collection, duplicate members under
 * `fieldValidation=Strict`.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { issuer = defaultIssuer, signingAlgorithm: algorithm = "RS256" } = options;
  const frontProxyAuthority = createCertificateAuthority({ commonName: "countersign-front-proxy" });
  const parts: ControlPlaneParts = {
    options: { ...options, audiences: options.audiences ?? [issuer] },
    clock: createControlPlaneClock(options.clock),
    authority: createCertificateAuthority({ commonName: "countersign-control-plane" }),
    requestHeader: frontProxyConfiguration(frontProxyAuthority.certificatePem),
    frontProxyAuthority,
    registry: createResourceRegistry([
      ...builtinKinds,
      ...selfSubjectReviews(options.selfSubjectReviews),
      ...(options.kinds ?? []).map(customKind),
    ]),
    issuer: await createServiceAccountIssuer({ issuer, algorithm }),
    adminToken: randomBytes(32).toString("base64url"),
    loopbackToken: randomBytes(32).toString("base64url"),
    url: "",
    counts: { calls: 0, tokensMinted: 0, webhookCalls: 0 },
  };
  const { services, webhookClient } = createControlPlaneServices(parts);
  plantObjects(parts, services);
  const listener = listenerOf(parts, services);
  const port = await listener.listen(options.port ?? 0);
  parts.url = `https://127.0.0.1:${port}`;
  return controlPlane(parts, services, port, async () => {
    await listener.close();
    webhookClient.close();
  });
}

function plantObjects({ authority, requestHeader, options }: ControlPlaneParts, planting: Planting): void {
  plantBootstrapObjects({ clientCaPem: authority.certificatePem, requestHeader }, planting);
  const { webhookAuthentication } = options;
  if (webhookAuthentication === undefined) return;
  const { serviceAccount = defaultWebhookServiceAccount } = webhookAuthentication;
  for (const object of webhookCallerGrant(serviceAccount)) plant(object, planting);
}

function listenerOf(
  { authority, frontProxyAuthority, clock, counts, options }: ControlPlaneParts,
  services: EndpointServices,
): HttpsListener {
  const { authentication, authorizer } = services;
  return createHttpsListener({
    ...authority.issue({
      commonName: "kube-apiserver",
      dnsNames: ["localhost", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
      ipAddresses: ["127.0.0.1"],
    }),
    clientCaPems: [authority.certificatePem, frontProxyAuthority.certificatePem],
    unservedFields: new Set(options.authenticationSource === false ? ["authenticationSource"] : []),
    answer: (call) => answerCall(call, services),
    now: () => clock.now(),
    onRequest: () => {
      counts.calls += 1;
    },
    ...{ authentication, authorizer },
  });
}

function controlPlane(
  { url, authority, frontProxyAuthority, adminToken, clock, issuer, counts }: ControlPlaneParts,
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
      frontProxyAuthority,
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

async function writePrivately(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  // the mode above is only for a file that was not there
  await chmod(file, 0o600);
}
