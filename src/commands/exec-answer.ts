import type { PresentedKeyPair } from "../credentials/agent-protocol.ts";
import {
  decodeExecCredential,
  type ExecCluster,
  encodeExecCredential,
  placeholderToken,
} from "../credentials/exec-credential.ts";
import type { ExecToken } from "../credentials/exec-token-provider.ts";
import { CountersignError } from "../errors.ts";
import type { CommandIO } from "./command.ts";
import { reportFailure } from "./failure.ts";

/** An expiry in the past: client-go asks again at the next call. */
export const placeholder = { token: placeholderToken, askAgainAt: 0 };

/** What there is to present: a token, or why there is none, and in either case the key pair. */
export interface ObtainedCredential {
  readonly token?: ExecToken | undefined;
  readonly failure?: unknown;
  readonly clientCertificate?: PresentedKeyPair | undefined;
}

/**
 * Tells client-go what could be obtained for the cluster it names; with no token the placeholder, or exit 1.
 * @throws ERR_CONFIGURATION where nobody asked.
 */
export async function answerClientGo(
  onFailure: "placeholder" | "fail",
  io: CommandIO,
  obtain: (cluster: ExecCluster | undefined) => Promise<ObtainedCredential>,
): Promise<number> {
  const { apiVersion, cluster } = decodeExecCredential(io.env.KUBERNETES_EXEC_INFO);
  const { token, failure, clientCertificate } = await verified(cluster, obtain);
  if (token !== undefined) {
    const status = { token: token.token.reveal(), askAgainAt: token.askAgainAt, clientCertificate };
    io.stdout.write(encodeExecCredential(apiVersion, status));
    return 0;
  }
  const exitCode = reportFailure(failure, io);
  if (onFailure === "fail") return Math.min(exitCode, 1);
  // a webhook that asks for the certificate alone is not to fail for want of a token
  io.stdout.write(encodeExecCredential(apiVersion, { ...placeholder, clientCertificate }));
  return 0;
}

/** Bearer tokens go over verified https only. */
async function verified(
  cluster: ExecCluster | undefined,
  obtain: (cluster: ExecCluster | undefined) => Promise<ObtainedCredential>,
): Promise<ObtainedCredential> {
  try {
    if (cluster === undefined || isVerified(cluster)) return await obtain(cluster);
    throw new CountersignError(
      "ERR_CONFIGURATION",
      `no token is given for ${cluster.server}: the connection is not verified https (insecure-skip-tls-verify)`,
    );
  } catch (failure) {
    return { failure };
  }
}

function isVerified({ server, "insecure-skip-tls-verify": unverified }: ExecCluster): boolean {
  return unverified !== true && server.toLowerCase().startsWith("https://");
}
