import { diagnosticsChannel } from "../../diagnostics.ts";
import { CountersignError } from "../../errors.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
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
 * The Authorization of one call, at once where nothing has to be waited for. A requested token that cannot be had in
 * half of the call's time, 2 s at most, leaves the call without any.
 * @throws what reading a token that a kubeconfig names throws; ERR_WEBHOOK_CALL where a requested token is required and
 * cannot be had.
 */
export function bearerFor(config: ClientConfig, options: BearerOptions): MaybePromise<Bearer> {
  const { requestedToken, token, basic } = config;
  if (requestedToken !== undefined) {
    const held = requestedToken.held();
    if (lookups.hasSubscribers) lookups.publish({ outcome: held === undefined ? "miss" : "hit" });
    if (held !== undefined) return bearerOf(held.token, "requestedToken");
    return options.awaitToken === false ? withoutToken(config) : awaitToken(config, options);
  }
  if (token !== undefined) return token.token().then((read) => bearerOf(read.token, "token"));
  if (basic === undefined) return {};
  const pair = `${basic.username}:${basic.password.reveal()}`;
  return { header: `Basic ${Buffer.from(pair).toString("base64")}`, credential: "basic" };
}

async function awaitToken(config: ClientConfig, { timeoutMs }: BearerOptions): Promise<Bearer> {
  const signal = AbortSignal.timeout(Math.min(longestTokenWaitMs, timeoutMs / 2));
  return config.requestedToken!.token({ signal }).then(
    ({ token }) => bearerOf(token, "requestedToken"),
    (error: unknown) => withoutToken(config, error),
  );
}

/** KEP-6060: the call goes out all the same, unless that is not wanted, and a webhook that requires a token refuses it. */
function withoutToken({ isTokenRequired }: ClientConfig, tokenError?: unknown): Bearer {
  if (isTokenRequired !== true) return tokenError === undefined ? {} : { tokenError };
  const why =
    tokenError instanceof Error ? tokenError.message : "none is held, and the call must not wait for one";
  throw new CountersignError("ERR_WEBHOOK_CALL", `no token could be requested: ${why}`, {
    cause: tokenError,
  });
}

function bearerOf(token: Secret, credential: PresentedCredential): Bearer {
  return { header: `Bearer ${token.reveal()}`, credential };
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
