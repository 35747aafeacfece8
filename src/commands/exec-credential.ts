import {
  decodeExecCredential,
  type ExecCluster,
  type ExecCredentialRequest,
  encodeExecCredential,
  placeholderToken,
} from "../credentials/exec-credential.ts";
import { createExecTokenProvider, type ExecToken } from "../credentials/exec-token-provider.ts";
import { createPrivateTokenFiles } from "../credentials/private-token-files.ts";
import type { TokenSource } from "../credentials/token-source.ts";
import { CountersignError } from "../errors.ts";
import type { WebhookEndpoint } from "../webhook/endpoints/endpoint-token-source.ts";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import {
  checkExecCredentialFlags,
  type ExecCredentialSettings,
  execCredentialFlags,
} from "./exec-credential-flags.ts";
import { reportFailure } from "./failure.ts";

/** client-go waits without a limit of its own: 2 s, less what starting (50 to 150 ms) and leaving Node take. */
const deadlineMs = 1_750;

const wellUsed = defineCommand({
  name: "exec-credential",
  summary: "Give client-go a token for the webhook it is about to call (credential plugin)",
  example:
    "countersign exec-credential --service-account kube-system/webhook-caller --api-group '*' --kubeconfig /etc/kubernetes/webhook-caller.conf",
  flags: execCredentialFlags,
  async run({ flags }, io) {
    const settings = checkExecCredentialFlags(flags);
    const { apiVersion, cluster } = decodeExecCredential(io.env.KUBERNETES_EXEC_INFO);
    try {
      const { token, askAgainAt } = await tokenFor(settings, cluster, io);
      io.stdout.write(encodeExecCredential(apiVersion, token.reveal(), askAgainAt));
      return 0;
    } catch (error) {
      const exitCode = reportFailure(error, io);
      if (settings.onFailure === "fail") return Math.min(exitCode, 1);
      // an expiry in the past: client-go asks again at the next call
      io.stdout.write(encodeExecCredential(apiVersion, placeholderToken, 0));
      return 0;
    }
  },
});

/**
 * The plugin. Run by client-go it gives a placeholder for wrong flags too: exit 2 would let objects in under `Ignore`
 * before the webhook was called.
 */
export const execCredential: Command = {
  ...wellUsed,
  async run(args, io) {
    try {
      return await wellUsed.run(args, io);
    } catch (error) {
      const asked = askedByClientGo(io);
      if (asked === undefined || /--on-failure[= ]fail/.test(args.join(" "))) throw error;
      reportFailure(error, io, "exec-credential");
      io.stdout.write(encodeExecCredential(asked.apiVersion, placeholderToken, 0));
      return 0;
    }
  },
};

function askedByClientGo({ env }: CommandIO): ExecCredentialRequest | undefined {
  try {
    return decodeExecCredential(env.KUBERNETES_EXEC_INFO);
  } catch {
    return undefined;
  }
}

async function tokenFor(
  settings: ExecCredentialSettings,
  cluster: ExecCluster | undefined,
  io: CommandIO,
): Promise<ExecToken> {
  assertVerified(cluster);
  const { cacheFolder } = settings;
  const provider = createExecTokenProvider({
    source: lazySource(settings, cluster, io),
    key: cacheKey(settings, cluster, io),
    onProblem: (error) => void reportFailure(error, io),
    ...(cacheFolder === undefined ? {} : { files: createPrivateTokenFiles({ folder: cacheFolder }) }),
  });
  return provider.kept() ?? withinDeadline((signal) => provider.renewed(signal));
}

/** Everything the token depends on. Two spellings of one file name make two entries, which costs a token. */
function cacheKey(
  { serviceAccount, intent, apiServer }: ExecCredentialSettings,
  cluster: ExecCluster | undefined,
  io: CommandIO,
): string {
  const { KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST } = io.env;
  return JSON.stringify([
    serviceAccount,
    intent,
    apiServer,
    cluster ?? {},
    { KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST },
  ]);
}

/** Bearer tokens go over verified https only. */
function assertVerified(cluster: ExecCluster | undefined): void {
  if (cluster === undefined) return;
  if (cluster["insecure-skip-tls-verify"] === true || !/^https:\/\//i.test(cluster.server))
    throw new CountersignError(
      "ERR_CONFIGURATION",
      `no token is given for ${cluster.server}: the connection is not verified https (insecure-skip-tls-verify)`,
    );
}

async function withinDeadline<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = new CountersignError(
    "ERR_TRANSPORT_TIMEOUT",
    `no token could be had within ${deadlineMs / 1000} s: is the API server reachable from here?`,
  );
  const timer = setTimeout(() => controller.abort(late), deadlineMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Everything that talks to a network is loaded when a token has to be minted, not before. */
function lazySource(
  { serviceAccount, intent, apiServer }: ExecCredentialSettings,
  cluster: ExecCluster | undefined,
  io: CommandIO,
): TokenSource {
  return {
    async token(options) {
      const { createEndpointTokenSource } = await import("../webhook/endpoints/endpoint-token-source.ts");
      const { connectAPIServer } = await import("./api-server-connection.ts");
      const client = await connectAPIServer(apiServer, io.env);
      try {
        const endpoint = cluster === undefined ? undefined : endpointOf(cluster);
        return await createEndpointTokenSource({ client, serviceAccount, intent, endpoint }).token(options);
      } finally {
        client.close();
      }
    },
  };
}

function endpointOf({ server, "certificate-authority-data": ca }: ExecCluster): WebhookEndpoint {
  return ca === undefined ? { server } : { server, certificateAuthority: Buffer.from(ca, "base64") };
}
