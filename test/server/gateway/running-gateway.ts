import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseGatewayConfiguration } from "../../../src/configuration/load-gateway-configuration.ts";
import { accessGrants } from "../../../src/inspection/access-grants.ts";
import {
  clusterGrant,
  namedSubject,
  type PolicyRule,
  type RBACObject,
} from "../../../src/inspection/rbac-objects.ts";
import { Secret } from "../../../src/secret.ts";
import {
  createGatewayServer,
  type GatewayServer,
  type GatewayServerOptions,
} from "../../../src/server/gateway/gateway-server.ts";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../../src/testing/certificates/certificate-authority.ts";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import { type Kubelet, startKubelet } from "../../../src/testing/kubelet/kubelet.ts";
import { findCluster } from "../../../src/transport/kubeconfig-connection.ts";
import { createRestClient, type RestClient } from "../../../src/transport/rest-client.ts";

/** A control plane, a kubelet that asks it, and a folder with all that a gateway between them needs. */
export interface GatewayRig {
  readonly controlPlane: ControlPlane;
  readonly kubelet: Kubelet;
  /** As administrator. */
  readonly client: RestClient;
  /** Signs what the gateway serves with. */
  readonly servingCA: CertificateAuthority;
  readonly folder: string;
  /** The gateway's own, with the grants that `rbac --for gateway` prints and no other. */
  readonly kubeconfig: string;
  write(name: string, content: string): string;
  writePair(name: string, pair: IssuedCertificate): void;
  /** A client certificate of the control plane's CA. */
  user(commonName: string, organization?: string): IssuedCertificate;
  apply(...objects: readonly RBACObject[]): Promise<void>;
  /** Grants a user these rules in the whole cluster. */
  grant(user: string, ...rules: readonly PolicyRule[]): Promise<void>;
  configuration(changes?: Changes): string;
  close(): Promise<void>;
}

export type Changes = Readonly<Record<string, unknown>>;

/** What lets a user read logs in the whole cluster. */
export const readsLogs: PolicyRule = { apiGroups: [""], resources: ["pods", "pods/log"], verbs: ["get"] };
export const readsMetrics: PolicyRule = { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] };

const kubeletClient = "countersign:kubelet-client";

export async function startGatewayRig(): Promise<GatewayRig> {
  const controlPlane = await startControlPlane();
  const folder = mkdtempSync(join(tmpdir(), "countersign-gateway-"));
  const client = administrator(controlPlane);
  const servingCA = createCertificateAuthority({ commonName: "gateway-serving-ca" });
  const kubelet = await startKubelet({ controlPlane });
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const rig: GatewayRig = {
    ...{ controlPlane, kubelet, client, servingCA, folder, write },
    kubeconfig: join(folder, "kubeconfig"),
    writePair(name, pair) {
      write(`${name}.crt`, pair.certificatePem);
      write(`${name}.key`, pair.keyPem);
    },
    user: (commonName, organization) =>
      controlPlane.certificateAuthority.issue({
        commonName,
        ...(organization !== undefined && { organization }),
      }),
    apply: (...objects) => apply(client, objects),
    grant: (user, ...rules) => apply(client, clusterGrant(user, namedSubject("User", user), rules)),
    configuration: (changes) => configurationText(kubelet, changes),
    async close() {
      client.close();
      await kubelet.stop();
      await controlPlane.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await fill(rig);
  return rig;
}

async function fill(rig: GatewayRig): Promise<void> {
  const { controlPlane, kubelet } = rig;
  rig.write("ca.crt", controlPlane.caPem);
  rig.write("kubelet-ca.crt", kubelet.certificateAuthority.certificatePem);
  rig.write("kubeconfig", controlPlane.kubeconfig(rig.user("gateway")));
  rig.writePair("tls", servingPair(rig.servingCA));
  rig.writePair("kubelet", rig.user(kubeletClient));
  await rig.apply(...accessGrants({ purpose: "gateway", to: namedSubject("User", "gateway") }));
  const atKubelets = ["proxy", "metrics", "stats", "log", "healthz", "pods", "configz"];
  await rig.grant(kubeletClient, {
    apiGroups: [""],
    resources: atKubelets.map((name) => `nodes/${name}`),
    verbs: ["*"],
  });
}

export function servingPair(authority: CertificateAuthority): IssuedCertificate {
  return authority.issue({ commonName: "gateway", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] });
}

function administrator({ url, caPem, adminToken }: ControlPlane): RestClient {
  const held = { token: new Secret(adminToken), requestedAt: 0, expiresAt: Number.POSITIVE_INFINITY };
  return createRestClient({ server: url, ca: caPem, token: { token: async () => held } });
}

async function apply(client: RestClient, objects: readonly RBACObject[]): Promise<void> {
  for (const object of objects) {
    const { namespace } = object.metadata;
    const within = namespace === undefined ? "" : `/namespaces/${namespace}`;
    const path = `/apis/rbac.authorization.k8s.io/v1${within}/${object.kind!.toLowerCase()}s`;
    await client.request({ path, body: object });
  }
}

function configurationText({ port }: Kubelet, { kubelet, ...changes }: Changes = {}): string {
  return JSON.stringify({
    apiVersion: "countersign.dev/v1alpha1",
    kind: "GatewayConfiguration",
    listen: { host: "127.0.0.1", port: 0 },
    admin: { host: "127.0.0.1", port: 0 },
    tls: { certFile: "tls.crt", keyFile: "tls.key" },
    authentication: { clientCAFile: "ca.crt", tokenReview: {} },
    drain: { delay: "0s", timeout: "5s" },
    ...changes,
    kubelet: {
      clientCertificate: { certFile: "kubelet.crt", keyFile: "kubelet.key" },
      caFile: "kubelet-ca.crt",
      // the kubelet of these tests is on loopback
      addressRanges: ["127.0.0.0/8"],
      addressTypes: ["InternalIP"],
      ports: [port],
      ...(kubelet as object | undefined),
    },
  });
}

export interface CallOptions {
  /** A client certificate. */
  readonly as?: IssuedCertificate;
  readonly token?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly agent?: Agent;
}

export interface CallAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks the gateway, and gives the head of its answer. */
export function open(
  { servingCA }: Pick<GatewayRig, "servingCA">,
  port: number,
  path: string,
  { as, token, method = "GET", headers, body, agent }: CallOptions = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        ...{ host: "127.0.0.1", port, path, method, ca: servingCA.certificatePem, agent: agent ?? false },
        ...(as !== undefined && { cert: as.certificatePem, key: as.keyPem }),
        headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      },
      resolve,
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** The same, with all of it. */
export async function call(
  rig: Pick<GatewayRig, "servingCA">,
  port: number,
  path: string,
  options: CallOptions = {},
): Promise<CallAnswer> {
  const response = await open(rig, port, path, options);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** A gateway in this process. */
export interface RunningGateway {
  readonly server: GatewayServer;
  readonly port: number;
  readonly adminPort: number;
  /** Log lines so far, decoded. */
  log(): Record<string, unknown>[];
  call(path: string, options?: CallOptions): Promise<CallAnswer>;
  open(path: string, options?: CallOptions): Promise<IncomingMessage>;
  /** Takes the configuration of these tests with other changes into use. */
  reload(changes?: Changes): Promise<void>;
  admin(path: string): Promise<{ readonly status: number; readonly text: string }>;
}

export async function startGateway(
  rig: GatewayRig,
  changes: Changes = {},
  options: Pick<GatewayServerOptions, "clock"> = {},
): Promise<RunningGateway> {
  const lines: string[] = [];
  const parse = (changed: Changes) =>
    parseGatewayConfiguration(rig.configuration(changed), { file: "gateway.json", directory: rig.folder });
  const server = createGatewayServer({
    configuration: parse(changes),
    cluster: () => findCluster({ kubeconfig: rig.kubeconfig, env: {} }),
    log: { write: (line) => lines.push(line) },
    ...options,
  });
  const { port, adminPort } = await server.start();
  return {
    ...{ server, port, adminPort },
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    call: (path, options) => call(rig, port, path, options),
    open: (path, options) => open(rig, port, path, options),
    reload: (changed = {}) => server.reload(parse(changed)),
    async admin(path) {
      const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, {
        headers: { connection: "close" },
      });
      return { status: response.status, text: await response.text() };
    },
  };
}
