import { diagnosticsChannel } from "../../diagnostics.ts";
import type { Secret } from "../../secret.ts";
import type { ClientConfig } from "./client-config.ts";

/** The call itself needs the rest of its time. */
const longestTokenWaitMs = 2_000;

/** What went along with a call. */
export type PresentedCredential = "requestedToken" | "token" | "basic" | "clientCertificate";

/** What stands in a call's Authorization header. */
export interface Bearer {
  /** Absent where the call goes without. */
  readonly header?: string;
  readonly credential?: PresentedCredential;
  /** Why a requested token could not be had. */
  readonly tokenError?: unknown;
}

export interface BearerOptions {
  readonly timeoutMs: number;
  /** False: a requested token only if one is held. Default true. */
  readonly awaitToken?: boolean;
}

const lookups = diagnosticsChannel("countersign:tokenLookup");

/**
 * The Authorization of one call. A requested token that cannot be had in half of the call's time, 2 s at most, leaves
 * the call without any.
 * @throws what reading a token that a kubeconfig names throws.
 */
export async function bearerFor(config: ClientConfig, options: BearerOptions): Promise<Bearer> {
  const { requestedToken, token, basic } = config;
  if (requestedToken !== undefined) {
    const held = requestedToken.held();
    if (lookups.hasSubscribers) lookups.publish({ outcome: held === undefined ? "miss" : "hit" });
    if (held !== undefined || options.awaitToken === false) return bearerOf(held?.token, "requestedToken");
    const signal = AbortSignal.timeout(Math.min(longestTokenWaitMs, options.timeoutMs / 2));
    return requestedToken.token({ signal }).then(
      (minted) => bearerOf(minted.token, "requestedToken"),
      // KEP-6060: the call goes out all the same, and a webhook that requires a token refuses it
      (tokenError: unknown) => ({ tokenError }),
    );
  }
  if (token !== undefined) return bearerOf((await token.token()).token, "token");
  if (basic === undefined) return {};
  const pair = `${basic.username}:${basic.password.reveal()}`;
  return { header: `Basic ${Buffer.from(pair).toString("base64")}`, credential: "basic" };
}

function bearerOf(token: Secret | undefined, credential: PresentedCredential): Bearer {
  return token === undefined ? {} : { header: `Bearer ${token.reveal()}`, credential };
}

/** Everything that goes along with a call. */
export function presentedCredentials(
  { clientCertificate }: ClientConfig,
  { credential }: Bearer,
): PresentedCredential[] {
  return [
    ...(credential === undefined ? [] : [credential]),
    ...(clientCertificate === undefined ? [] : (["clientCertificate"] as const)),
  ];
}
