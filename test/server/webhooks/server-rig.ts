import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { parseServerConfiguration } from "../../../src/configuration/load-server-configuration.ts";
import { createWebhookServer, type WebhookServer } from "../../../src/server/webhooks/webhook-server.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import type { ClusterConnection } from "../../../src/transport/cluster-connection.ts";
import { bodyOf, reviewOf } from "../../admission/deployment-review.ts";
import {
  audience,
  boundClaims,
  type Claims,
  clusterIssuer,
  clusterKey,
  jwksOf,
  mint,
  type SigningKey,
} from "../../authentication/minting.ts";
import type { AnswerBody } from "./webhook-rig.ts";

export const authority = createCertificateAuthority();

/** A bound token whose times are now. */
export function mintNow(claims: Claims = {}, key: SigningKey = clusterKey, claimsOf = boundClaims): string {
  const now = Math.floor(Date.now() / 1000);
  return mint({ key, claims: claimsOf({ iat: now - 60, nbf: now - 60, exp: now + 500, ...claims }) });
}

export const policySource = (verdict: string): string =>
  `export default {
  name: "of-the-test",
  match: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] }],
  validate: async (review) => ${verdict},
};
`;

export interface ServerFolder {
  readonly path: string;
  write(name: string, content: string): string;
  /** Writes tls.crt and tls.key anew; gives the certificate. */
  writePair(commonName?: string): string;
  remove(): void;
}

/** A folder with all that the configuration of these tests names. */
export function createServerFolder(): ServerFolder {
  const path = mkdtempSync(join(tmpdir(), "countersign-server-"));
  const write = (name: string, content: string): string => {
    writeFileSync(join(path, name), content, { mode: 0o600 });
    return join(path, name);
  };
  const writePair = (commonName = "localhost"): string => {
    const pair = authority.issue({ commonName, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] });
    write("tls.crt", pair.certificatePem);
    write("tls.key", pair.keyPem);
    return pair.certificatePem;
  };
  writePair();
  write("keys.json", JSON.stringify(jwksOf(clusterKey)));
  write("policy.ts", policySource("true"));
  return { path, write, writePair, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function configurationText(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    apiVersion: "countersign.dev/v1alpha1",
    kind: "ServerConfiguration",
    listen: { host: "127.0.0.1", port: 0 },
    admin: { host: "127.0.0.1", port: 0 },
    tls: { certFile: "tls.crt", keyFile: "tls.key" },
    issuers: [{ name: "file", url: clusterIssuer, jwksFile: "keys.json" }],
    webhooks: [
      {
        path: "/validate",
        audiences: [audience],
        authentication: { webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] } },
        policy: { file: "policy.ts" },
      },
    ],
    drain: { delay: "0s", timeout: "5s" },
    ...changes,
  });
}

export interface PostOptions {
  readonly token?: string | undefined;
  readonly path?: string;
  readonly agent?: Agent;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly server: WebhookServer;
  readonly port: number;
  readonly adminPort: number;
  /** Log lines so far, decoded. */
  log(): Record<string, unknown>[];
  connect(): TLSSocket;
  /** Takes the configuration of these tests with other changes into use. */
  reload(changes?: Readonly<Record<string, unknown>>): Promise<void>;
  post(options?: PostOptions): Promise<{ body: AnswerBody; connection: string | undefined }>;
  admin(path: string): Promise<{ status: number; text: string }>;
}

export async function startServer(
  folder: ServerFolder,
  changes: Readonly<Record<string, unknown>> = {},
  cluster?: () => Promise<ClusterConnection>,
): Promise<RunningServer> {
  const lines: string[] = [];
  const parse = (changed: Readonly<Record<string, unknown>>) =>
    parseServerConfiguration(configurationText(changed), { file: "server.json", directory: folder.path });
  const server = createWebhookServer({
    configuration: parse(changes),
    log: { write: (line) => lines.push(line) },
    ...(cluster !== undefined && { cluster }),
  });
  const { port, adminPort } = await server.start();
  return {
    server,
    port,
    adminPort,
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    connect: () =>
      connect({ port, host: "127.0.0.1", ca: authority.certificatePem, servername: "localhost" }),
    reload: (changed = {}) => server.reload(parse(changed)),
    post: (options = {}) => post(port, options),
    async admin(path) {
      const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, {
        headers: { connection: "close" },
      });
      return { status: response.status, text: await response.text() };
    },
  };
}

function post(
  port: number,
  { token = mintNow(), path = "/validate", agent, headers }: PostOptions,
): ReturnType<RunningServer["post"]> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: "127.0.0.1",
        port,
        path,
        method: "POST",
        agent: agent ?? false,
        ca: authority.certificatePem,
        headers: {
          ...(token !== "" && { authorization: `Bearer ${token}` }),
          "content-type": "application/json",
          connection: "keep-alive",
          ...headers,
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => {
          if (agent === undefined) request.destroy();
          resolve({ body: JSON.parse(text) as AnswerBody, connection: response.headers.connection });
        });
      },
    );
    request.on("error", reject);
    request.end(bodyOf(reviewOf()));
  });
}
