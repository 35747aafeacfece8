import type { PresentedKeyPair } from "../credentials/agent-protocol.ts";
import {
  decodeExecCredential,
  type ExecCluster,
  type ExecCredentialRequest,
  encodeExecCredential,
  placeholderToken,
} from "../credentials/exec-credential.ts";
import type { ExecToken } from "../credentials/exec-token-provider.ts";
import { CountersignError } from "../errors.ts";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import {
  checkExecCredentialFlags,
  type ExecCredentialSettings,
  execCredentialFlags,
  type MintingSettings,
} from "./exec-credential-flags.ts";
import { mintedToken, presentedKeyPair } from "./exec-credential-minting.ts";
import { withinDeadline } from "./exec-deadline.ts";
import { reportFailure } from "./failure.ts";

/** An expiry in the past: client-go asks again at the next call. */
const placeholder = { token: placeholderToken, askAgainAt: 0 };

const wellUsed = defineCommand({
  name: "exec-credential",
  summary: "Give client-go a token for the webhook it is about to call (credential plugin)",
  example:
    "countersign exec-credential --service-account kube-system/webhook-caller --api-group '*' --kubeconfig /etc/kubernetes/webhook-caller.conf",
  flags: execCredentialFlags,
  async run({ flags }, io) {
    const settings = checkExecCredentialFlags(flags);
    const { apiVersion, cluster } = decodeExecCredential(io.env.KUBERNETES_EXEC_INFO);
    const { token, failure, clientCertificate } = await obtain(settings, cluster, io);
    if (token !== undefined) {
      const status = { token: token.token.reveal(), askAgainAt: token.askAgainAt, clientCertificate };
      io.stdout.write(encodeExecCredential(apiVersion, status));
      return 0;
    }
    const exitCode = reportFailure(failure, io);
    if (settings.onFailure === "fail") return Math.min(exitCode, 1);
    // a webhook that asks for the certificate alone is not to fail for want of a token
    io.stdout.write(encodeExecCredential(apiVersion, { ...placeholder, clientCertificate }));
    return 0;
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
      io.stdout.write(encodeExecCredential(asked.apiVersion, placeholder));
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

/** What there is to present: a token, or why there is none, and in either case the key pair. */
interface Obtained {
  readonly token?: ExecToken | undefined;
  readonly failure?: unknown;
  readonly clientCertificate?: PresentedKeyPair | undefined;
}

async function obtain(
  settings: ExecCredentialSettings,
  cluster: ExecCluster | undefined,
  io: CommandIO,
): Promise<Obtained> {
  try {
    assertVerified(cluster);
    return await ("socket" in settings ? ask(settings.socket, cluster) : mint(settings, cluster, io));
  } catch (failure) {
    return { failure };
  }
}

/** `node:net` is loaded by whoever asks an agent. */
async function ask(socket: string, cluster: ExecCluster | undefined): Promise<Obtained> {
  if (cluster === undefined)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "KUBERNETES_EXEC_INFO does not say which webhook is called: set `provideClusterInfo: true` in the `exec` stanza",
    );
  const { askAgent } = await import("../credentials/agent-socket-client.ts");
  const { server, "certificate-authority-data": certificateAuthority } = cluster;
  return withinDeadline((signal) => askAgent(socket, { server, certificateAuthority }, signal));
}

async function mint(
  settings: MintingSettings,
  cluster: ExecCluster | undefined,
  io: CommandIO,
): Promise<Obtained> {
  const [minted, clientCertificate] = await Promise.all([
    mintedToken(settings, cluster, io).then(
      (token) => ({ token }),
      (failure: unknown) => ({ failure }),
    ),
    presentedKeyPair(settings, io),
  ]);
  return { ...minted, clientCertificate };
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
