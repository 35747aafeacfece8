import type { PresentedKeyPair } from "../credentials/agent-protocol.ts";
import type { ExecCluster } from "../credentials/exec-credential.ts";
import { createExecTokenProvider, type ExecToken } from "../credentials/exec-token-provider.ts";
import { createPrivateTokenFiles } from "../credentials/private-token-files.ts";
import type { TokenSource } from "../credentials/token-source.ts";
import { type ErrorCode, errorCodeOf } from "../errors.ts";
import type { WebhookEndpoint } from "../webhook/endpoints/endpoint-token-intent.ts";
import type { CommandIO } from "./command.ts";
import type { ObtainedCredential } from "./exec-answer.ts";
import type { MintingSettings } from "./exec-credential-flags.ts";
import { withinDeadline } from "./exec-deadline.ts";
import { reportFailure } from "./failure.ts";
import { isSecondRun } from "./second-run.ts";

/** A token of our own asking, and the key pair that the flags name. */
export async function mintedCredential(
  settings: MintingSettings,
  cluster: ExecCluster | undefined,
  io: CommandIO,
): Promise<ObtainedCredential> {
  const [minted, clientCertificate] = await Promise.all([
    mintedToken(settings, cluster, io).then(
      (token) => ({ token }),
      (failure: unknown) => ({ failure }),
    ),
    presentedKeyPair(settings, io),
  ]);
  return { ...minted, clientCertificate };
}

/** A webhook that is called for the request for its own token keeps that request waiting until we are gone. */
const waitsForUs: ReadonlySet<ErrorCode> = new Set([
  "ERR_TOKEN_REQUEST_INTERCEPTED",
  "ERR_TRANSPORT_TIMEOUT",
]);

/**
 * The kept token while it is fresh, otherwise one that is minted now. Where that has to wait for our end and a token is
 * held, the next one is asked for by a process behind us.
 */
async function mintedToken(
  settings: MintingSettings,
  cluster: ExecCluster | undefined,
  io: CommandIO,
): Promise<ExecToken> {
  const { cacheFolder } = settings;
  let waits = false;
  const provider = createExecTokenProvider({
    source: lazySource(settings, cluster, io),
    key: cacheKey(settings, cluster, io),
    onProblem(error) {
      waits ||= waitsForUs.has(errorCodeOf(error));
      reportFailure(error, io);
    },
    ...(cacheFolder === undefined ? {} : { files: createPrivateTokenFiles({ folder: cacheFolder }) }),
  });
  const token = provider.kept() ?? (await withinDeadline((signal) => provider.renewed(signal)));
  if (waits) await io.runAgain?.();
  return token;
}

/**
 * The key pair that the flags name. client-go fails every call with a pair that does not belong together, so one that
 * cannot be used is left out and reported: the token may still be all that is asked for.
 */
async function presentedKeyPair(
  { clientCertificate }: MintingSettings,
  io: CommandIO,
): Promise<PresentedKeyPair | undefined> {
  if (clientCertificate === undefined) return undefined;
  try {
    const { loadKeyPair } = await import("../certificates/key-pair.ts");
    return await withinDeadline((signal) => raced(loadKeyPair(clientCertificate), signal));
  } catch (error) {
    reportFailure(error, io);
    return undefined;
  }
}

/** A file that hangs does not heed a signal. */
function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** Everything the token depends on. Two spellings of one file name make two entries, which costs a token. */
function cacheKey(
  { serviceAccount, intent, apiServer }: MintingSettings,
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

/** Everything that talks to a network is loaded when a token has to be minted, not before. */
function lazySource(
  { serviceAccount, intent, apiServer }: MintingSettings,
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
        const holdsCalls = !isSecondRun(io.env);
        const source = { client, serviceAccount, intent, endpoint, holdsCalls };
        return await createEndpointTokenSource(source).token(options);
      } finally {
        client.close();
      }
    },
  };
}

function endpointOf({ server, "certificate-authority-data": ca }: ExecCluster): WebhookEndpoint {
  return ca === undefined ? { server } : { server, certificateAuthority: Buffer.from(ca, "base64") };
}
