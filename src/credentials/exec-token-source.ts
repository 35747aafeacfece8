import { spawn } from "node:child_process";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { KubeconfigExec } from "../kubeconfig/kubeconfig.ts";
import { Secret } from "../secret.ts";
import type { Token, TokenSource } from "./token-source.ts";

/** Long enough for a plugin that asks somewhere else; one that waits for a person is not ours to run. */
const defaultTimeoutMs = 30_000;
/** A token takes a few KiB. */
const maxOutputBytes = 1024 * 1024;

const apiVersions: readonly unknown[] = [
  "client.authentication.k8s.io/v1",
  "client.authentication.k8s.io/v1beta1",
];

/** The cluster that is called, told to plugins whose stanza says `provideClusterInfo`. */
export interface ExecClusterInfo {
  readonly server: string;
  readonly "tls-server-name"?: string;
  /** base64 of PEM. */
  readonly "certificate-authority-data"?: string;
}

/** Which plugin is run, and what it is told. */
export interface ExecTokenSourceOptions {
  /** The kubeconfig user that has the stanza, for messages. */
  readonly userName: string;
  readonly exec: KubeconfigExec;
  readonly cluster: ExecClusterInfo;
  /** What the plugin's environment is; the stanza's variables are added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default 30 s. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/**
 * The token that a kubeconfig user's credential plugin gives, as client-go runs it, never interactively; what it prints
 * on stderr is shown. Wrap it in a cached source. A token without `expirationTimestamp` is good until it is refused.
 * @throws ERR_KUBECONFIG naming the user: a plugin that is not there, fails, hangs, or gives no token.
 */
export function createExecTokenSource(options: ExecTokenSourceOptions): TokenSource {
  const { exec, cluster, env, clock = systemClock } = options;
  const { apiVersion = "" } = exec;
  const fail = (message: string, cause?: unknown): CountersignError =>
    new CountersignError("ERR_KUBECONFIG", `user ${JSON.stringify(options.userName)}: exec: ${message}`, {
      cause,
    });
  const spec = { ...(exec.provideClusterInfo ? { cluster } : {}), interactive: false };
  const info = JSON.stringify({ kind: "ExecCredential", apiVersion, spec });
  const own = Object.fromEntries(exec.env.map(({ name, value }) => [name, value]));
  const childEnv = { ...env, ...own, KUBERNETES_EXEC_INFO: info };
  return {
    async token(): Promise<Token> {
      if (!apiVersions.includes(apiVersion))
        throw fail(`apiVersion: must be one of ${apiVersions.join(", ")}, is ${JSON.stringify(apiVersion)}`);
      const requestedAt = clock.now();
      const output = await runPlugin(exec, childEnv, options.timeoutMs ?? defaultTimeoutMs, fail);
      const { token, expirationTimestamp } = readStatus(output, apiVersion, fail);
      return { token, requestedAt, expiresAt: expirationTimestamp };
    },
  };
}

type Fail = (message: string, cause?: unknown) => CountersignError;

function runPlugin(
  { command, args, installHint }: KubeconfigExec,
  env: NodeJS.ProcessEnv,
  timeout: number,
  fail: Fail,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env,
      timeout,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxOutputBytes) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      const hint = installHint ? `: ${installHint}` : "";
      reject(fail(`${command} cannot be run (${error.code})${hint}`, error));
    });
    child.on("close", (code, signal) => {
      if (code === 0 && length <= maxOutputBytes) resolve(Buffer.concat(chunks).toString("utf8"));
      else
        reject(
          fail(
            `${command} ended with ${signal === null ? `exit code ${code}` : `${signal} (after ${timeout} ms or ${maxOutputBytes} bytes at most)`}`,
          ),
        );
    });
  });
}

function readStatus(
  output: string,
  apiVersion: string,
  fail: Fail,
): { token: Secret; expirationTimestamp: number } {
  const credential = parsed(output);
  if (credential?.kind !== "ExecCredential" || credential.apiVersion !== apiVersion)
    throw fail(`the plugin did not answer with an ExecCredential of ${apiVersion}`);
  const { token, expirationTimestamp } = (credential.status ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof token !== "string" || token === "")
    throw fail("the plugin gave no token, and a client certificate of a plugin's is not supported");
  const expires =
    expirationTimestamp == null ? Number.POSITIVE_INFINITY : Date.parse(String(expirationTimestamp));
  if (Number.isNaN(expires)) throw fail("status.expirationTimestamp is no instant");
  return { token: new Secret(token), expirationTimestamp: expires };
}

/** Undefined where it is no JSON object. Without a cause: the parser quotes what it cannot read. */
function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
