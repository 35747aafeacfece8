import { connect, type TLSSocket } from "node:tls";
import { Secret } from "../../../src/secret.ts";
import type { ClusterConnection } from "../../../src/transport/cluster-connection.ts";
import { type ApiClient, createApiClient } from "../../rig/api-client.ts";
import { poll } from "../../rig/poll.ts";
import { type RunningServer, type ServerFolder, startServer } from "../webhooks/server-rig.ts";

/** An API server, embedded or real. */
export interface SelfSignedTarget {
  readonly url: string;
  readonly caPem: string;
  readonly adminToken: string;
}

export interface SelfSignedFields {
  readonly dnsNames?: readonly string[];
  readonly caValidity?: string;
  readonly certificateValidity?: string;
  readonly renewBefore?: string;
}

export interface SelfSignedRig {
  readonly admin: ApiClient;
  readonly namespace: string;
  /** Of Secret and webhook configuration. */
  readonly name: string;
  startReplica(fields?: SelfSignedFields, cluster?: () => Promise<ClusterConnection>): Promise<RunningServer>;
  /** As somebody's, instead of the administrator. */
  connection(token?: string): ClusterConnection;
  secretTexts(): Promise<Readonly<Record<string, string>> | undefined>;
  /** PEM, of the first webhook; empty where there is none. */
  caBundle(): Promise<string>;
  createConfiguration(urls: readonly string[]): Promise<void>;
  untilReady(...replicas: readonly RunningServer[]): Promise<void>;
  /** Makes every replica look. */
  touchSecret(): Promise<void>;
  stop(): Promise<void>;
}

export const configurationsPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/** Replicas of one server with a certificate of their own making, each in this process. */
export function createSelfSignedRig(
  target: SelfSignedTarget,
  folder: ServerFolder,
  name: string,
): SelfSignedRig {
  const namespace = "default";
  const admin = createApiClient({ url: target.url, caPem: target.caPem, token: target.adminToken });
  const replicas: RunningServer[] = [];
  const secretPath = `/api/v1/namespaces/${namespace}/secrets/${name}`;

  const rig: SelfSignedRig = {
    admin,
    namespace,
    name,
    async startReplica(fields = {}, cluster = async () => rig.connection()) {
      const selfSigned = {
        secret: { namespace, name },
        dnsNames: ["localhost"],
        webhookConfigurations: [
          { kind: "ValidatingWebhookConfiguration", name },
          // one that nobody makes: it is waited for, and is no error
          { kind: "MutatingWebhookConfiguration", name: `${name}-absent` },
        ],
        ...fields,
      };
      const replica = await startServer(folder, { tls: { selfSigned }, log: { level: "debug" } }, cluster);
      replicas.push(replica);
      return replica;
    },
    connection(token = target.adminToken) {
      const source = {
        token: async () => ({
          token: new Secret(token),
          requestedAt: 0,
          expiresAt: Number.MAX_SAFE_INTEGER,
        }),
      };
      return { client: { server: target.url, ca: target.caPem, token: source }, namespace };
    },
    async secretTexts() {
      const { status, body } = await admin.get(secretPath);
      if (status === 404) return undefined;
      const { data = {} } = body as { data?: Record<string, string> };
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
      );
    },
    async caBundle() {
      const { body } = await admin.get(`${configurationsPath}/${name}`);
      const { webhooks = [] } = body as { webhooks?: { clientConfig: { caBundle?: string } }[] };
      return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
    },
    async createConfiguration(urls) {
      const webhooks = urls.map((url, index) => ({
        name: `hook-${index}.test.example.com`,
        clientConfig: { url },
        rules: [
          { apiGroups: ["nothing.example.com"], apiVersions: ["*"], operations: ["*"], resources: ["*"] },
        ],
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      }));
      const { status, text } = await admin.post(configurationsPath, { metadata: { name }, webhooks });
      if (status !== 201) throw new Error(text);
    },
    async untilReady(...all) {
      for (const replica of all) {
        const ready = async () => (await replica.admin("/readyz")).status === 200 || undefined;
        await poll("a replica to be ready", ready, { intervalMs: 20 }).catch(async (cause: unknown) => {
          const { text } = await replica.admin("/readyz?verbose");
          throw new Error(`${text}\n${JSON.stringify(replica.log(), undefined, 1)}`, { cause });
        });
      }
    },
    async touchSecret() {
      const annotations = { touched: String(performance.now()) };
      await admin.patch(secretPath, "application/merge-patch+json", { metadata: { annotations } });
    },
    async stop() {
      await Promise.all(replicas.map(({ server }) => server.close()));
      admin.close();
    },
  };
  return rig;
}

/** Shakes hands and gives the certificate, verified by the bundle for localhost; throws where it is not. */
export async function shakeHands(port: number, bundle: string): Promise<string> {
  const socket = await openTLS(port, bundle);
  const certificate = socket.getPeerX509Certificate()!.toString();
  socket.destroy();
  return certificate;
}

export function openTLS(port: number, ca: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

export interface Load {
  readonly failures: readonly string[];
  /** How many were verified so far. */
  count(): number;
  stop(): Promise<void>;
}

/** New connections to each port all the time, each verified by the caBundle as it is published at that moment. */
export function startLoad(rig: SelfSignedRig, ports: readonly number[]): Load {
  const failures: string[] = [];
  let count = 0;
  let stopped = false;
  const caller = async (port: number): Promise<void> => {
    while (!stopped)
      try {
        await shakeHands(port, await rig.caBundle());
        count++;
      } catch (error) {
        failures.push((error as Error).message);
      }
  };
  const callers = Promise.all(ports.map((port) => caller(port)));
  return {
    failures,
    count: () => count,
    async stop() {
      stopped = true;
      await callers;
    },
  };
}
