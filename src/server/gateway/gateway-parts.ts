import { createImpersonation, refuseImpersonation } from "../../authorization/impersonation.ts";
import { createKubeletAuthorizer } from "../../authorization/kubelet-authorization.ts";
import type { KeyPair } from "../../certificates/key-pair.ts";
import type { Clock } from "../../clock.ts";
import type { GatewayConfiguration } from "../../configuration/gateway-configuration.ts";
import { createNodeSource } from "../../kubelet/node-source.ts";
import { createPodLogs } from "../../kubelet/pod-logs.ts";
import { createPodReader } from "../../kubelet/pod-reader.ts";
import type { HealthCheck } from "../../monitoring/health.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import { loadServingCertificate } from "../certificates/load-serving-certificate.ts";
import type { TLSMaterial } from "../listener/secure-listener.ts";
import type { ClusterAccess } from "../parts/cluster-access.ts";
import type { KeepPart } from "../parts/kept-parts.ts";
import { type CallerTrust, loadCallerTrust } from "./caller-trust.ts";
import { untilAnswered, untilReviewed } from "./cluster-readiness.ts";
import { createConfiguredAuthenticator, createConfiguredAuthorizers } from "./gateway-access.ts";
import type { GatewayApplicationOptions } from "./gateway-application.ts";
import { type KubeletAccess, loadKubeletAccess } from "./kubelet-access.ts";

export interface GatewayPartsOptions {
  readonly configuration: GatewayConfiguration;
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Called when certificate, key or a CA of callers' was read again. */
  readonly onTLSReload: () => void;
}

/** All that a configuration names, loaded and kept fresh. */
export interface GatewayParts {
  readonly application: Omit<GatewayApplicationOptions, "health" | "openStreams">;
  /** What callers are shown. */
  readonly certificate: KeyPair | undefined;
  /** What kubelets are shown. */
  readonly kubeletCertificate: KeyPair;
  readonly checks: readonly HealthCheck[];
  tls(): TLSMaterial;
  /** Resolves when the cluster has said, or has not said, whose certificates count. */
  settled(): Promise<void>;
}

/** @throws ERR_CERTIFICATE_INVALID, ERR_CONFIGURATION, ERR_KUBECONFIG. Waits for no API server. */
export async function loadGatewayParts(options: GatewayPartsOptions, keep: KeepPart): Promise<GatewayParts> {
  const { configuration, access, clock, onTLSReload } = options;
  const { authentication, tls } = configuration;
  const [server, cluster] = await Promise.all([access.server(), access.restClient()]);
  const [certificate, trust, kubelet, asked] = await Promise.all([
    keep(["tls", { ...tls, minVersion: undefined }], () =>
      loadServingCertificate({ tls, access, clock, onExchange: onTLSReload }),
    ),
    loadCallerTrust({ authentication, access, onChange: onTLSReload }, keep),
    loadKubeletAccess({ configuration: configuration.kubelet, server, clock }, keep),
    askCluster(options, cluster, keep),
  ]);
  return {
    application: await assemble(options, { trust, kubelet, cluster }, keep),
    get certificate() {
      return certificate.current;
    },
    get kubeletCertificate() {
      return kubelet.clientCertificate.current;
    },
    checks: [...certificate.checks, ...kubelet.checks, ...asked, ...trust.checks],
    tls: () => ({
      keyPair: certificate.current,
      clientCAs: trust.cas(),
      asksForCertificates: trust.clientCA !== undefined || trust.requestHeader !== undefined,
      minVersion: tls.minVersion,
    }),
    settled: trust.settled,
  };
}

/** What the gateway cannot do without: an API server that answers, and lets it ask who may do what. */
async function askCluster(
  { configuration, access }: GatewayPartsOptions,
  cluster: RestClient,
  keep: KeepPart,
): Promise<readonly HealthCheck[]> {
  const answered = await keep(["answered"], async () => untilAnswered(cluster));
  const checks = [{ name: "api-server", check: answered.check }];
  if (configuration.authorization.mode === "AlwaysAllow") return checks;
  const reviewed = await keep(["reviewed"], async () => untilReviewed(await access.reviews()));
  return [...checks, { name: "access-review", check: reviewed.check }];
}

interface Parts {
  readonly trust: CallerTrust;
  readonly kubelet: KubeletAccess;
  readonly cluster: RestClient;
}

/** What is remembered of tokens and decisions outlives a reload that changes nothing about them. */
async function assemble(
  { configuration, access, clock }: GatewayPartsOptions,
  { trust, kubelet: { kubelets }, cluster }: Parts,
  keep: KeepPart,
): Promise<GatewayParts["application"]> {
  const { authentication, authorization, kubelet, selfSubjectReviews } = configuration;
  const { insecureBackend } = authorization;
  const reviews = await access.reviews();
  const authenticator = await keepAs(keep, ["authenticator", authentication], () =>
    createConfiguredAuthenticator({ authentication, trust, reviews, clock }),
  );
  const { requests: authorizer, kubelets: atKubelets } = await keepAs(
    keep,
    ["authorizer", authorization],
    () => createConfiguredAuthorizers({ authorization, reviews, clock }),
  );
  const nodes = await keepAs(keep, ["nodes"], () => createNodeSource({ client: cluster, clock }));
  const pods = createPodReader({ client: cluster });
  return {
    ...{ authenticator, authorizer, nodes, kubelets, cluster, selfSubjectReviews, clock },
    impersonation: authentication.impersonation ? createImpersonation({ authorizer }) : refuseImpersonation,
    kubeletAuthorizer: createKubeletAuthorizer({ authorizer: atKubelets, mode: authorization.kubelet.mode }),
    podLogs: createPodLogs({ kubelets, pods, nodes, suggestInsecure: insecureBackend !== "deny" }),
    insecureBackend,
    interactive: kubelet.interactive,
  };
}

async function keepAs<T>(keep: KeepPart, description: readonly unknown[], create: () => T): Promise<T> {
  const { value } = await keep(description, async () => ({ value: create(), close: () => undefined }));
  return value;
}
