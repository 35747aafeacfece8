import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type RunningProcess, startProcess } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";

/** The executable as it is packed. `npm run e2e` builds it first. */
export const executable = resolve("dist/commands/countersign.cjs");

export interface ServeOptions {
  readonly folder: string;
  /** DNS names of its certificate besides localhost. */
  readonly names: readonly string[];
  readonly port: number;
  readonly issuers: readonly unknown[];
  readonly webhooks: readonly unknown[];
  /** Written beside the configuration, as `policies/NAME`. */
  readonly policies: Readonly<Record<string, string>>;
  /** Beside those that every configuration has here: `drain`, `tracing`. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** How it reaches the API server, where it has to. */
  readonly kubeconfig?: string;
}

export interface ServeProcess {
  /** Its configuration file. */
  readonly config: string;
  readonly port: number;
  readonly url: string;
  readonly caPem: string;
  readonly caFile: string;
  readonly caBundle: string;
  /** Everything it logged so far, line by line, decoded. */
  log(): readonly LogLine[];
  metrics(): Promise<string>;
  /** Its answer and status on the admin listener. */
  admin(path: string): Promise<Response>;
  signal(name: NodeJS.Signals): void;
  exited(): Promise<number>;
  stop(): Promise<number>;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** `countersign serve` as a process of its own, from the built package, ready to be called. */
export async function startServe(options: ServeOptions): Promise<ServeProcess> {
  const { folder, names, port, issuers, webhooks, policies, fields, kubeconfig } = options;
  const authority = createCertificateAuthority({ commonName: "webhook-ca" });
  const pair = authority.issue({
    commonName: "countersign",
    dnsNames: ["localhost", ...names],
    ipAddresses: ["127.0.0.1"],
  });
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  for (const [name, source] of Object.entries(policies)) write(name, source);
  const adminPort = await freePort();
  const config = write(
    "server.json",
    JSON.stringify({
      apiVersion: "countersign.dev/v1alpha1",
      kind: "ServerConfiguration",
      listen: { host: "127.0.0.1", port },
      admin: { host: "127.0.0.1", port: adminPort },
      tls: { certFile: write("tls.crt", pair.certificatePem), keyFile: write("tls.key", pair.keyPem) },
      issuers,
      webhooks,
      drain: { delay: "0s", timeout: "5s" },
      log: { level: "debug" },
      ...fields,
    }),
  );
  const flags = ["--config", config, ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig])];
  const server = startProcess({ command: process.execPath, args: [executable, "serve", ...flags] });
  await untilReady(server, adminPort);
  return {
    port,
    config,
    url: `https://localhost:${port}`,
    caPem: authority.certificatePem,
    caFile: write("webhook-ca.crt", authority.certificatePem),
    caBundle: Buffer.from(authority.certificatePem).toString("base64"),
    log: () =>
      server
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as LogLine),
    metrics: async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text(),
    admin: (path) => fetch(`http://127.0.0.1:${adminPort}${path}`),
    signal: server.signal,
    exited: server.exited,
    stop: () => server.stop(10_000),
  };
}

async function untilReady(server: RunningProcess, adminPort: number): Promise<void> {
  await poll("countersign serve to be ready", async () => {
    if (server.exitCode !== undefined) return "ended";
    return (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok ? "ready" : undefined;
  }).catch(async (cause: unknown) => {
    await server.stop();
    throw new Error(`countersign serve did not become ready: ${server.output()}`, { cause });
  });
  if (server.exitCode !== undefined)
    throw new Error(`countersign serve ended with ${server.exitCode}: ${server.output()}`);
}
