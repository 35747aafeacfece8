import type { Token } from "../credentials/token-source.ts";
import { CountersignError, type ErrorCode } from "../errors.ts";
import type { FoundWebhook } from "../webhook/endpoints/find-webhooks-by-host-port.ts";
import { interceptedError } from "../webhook/endpoints/token-request-interceptor.ts";

/** What is known of the token for one host and port. */
export interface EndpointState {
  readonly hostPort: string;
  /** Whom the token is for. */
  readonly webhooks: readonly FoundWebhook[];
  /** The one of these that is called, or may be, for the request that would bring its token. */
  readonly interceptor: FoundWebhook | undefined;
  readonly token: Token | undefined;
  /** Why there is none. */
  readonly failure: CountersignError | undefined;
  /** Whether asking for it has come to an end yet, one way or the other. */
  readonly settled: boolean;
}

/** These say what is wrong whoever else is called on the way. */
const ownCauses: ReadonlySet<ErrorCode> = new Set([
  "ERR_TOKEN_REQUEST_ATTEST",
  "ERR_TOKEN_REQUEST_DENIED",
  "ERR_TOKEN_REQUEST_GATE_OFF",
  "ERR_TOKEN_REQUEST_MISMATCH",
  "ERR_TOKEN_REQUEST_NOT_FOUND",
  "ERR_TOKEN_EXPIRED_ON_ARRIVAL",
]);

/** Why there is no token, said in terms of what can be done about it. */
export function missingTokenError(
  hostPort: string,
  interceptor: FoundWebhook | undefined,
  cause: unknown,
): CountersignError {
  if (interceptor !== undefined && !isOwnCause(cause)) return interceptedError(interceptor, cause);
  if (cause instanceof CountersignError) return cause;
  const detail = cause === undefined ? "it is being asked for" : String(cause);
  return new CountersignError("ERR_TRANSPORT", `no token for ${hostPort} yet: ${detail}`, { cause });
}

function isOwnCause(cause: unknown): boolean {
  return cause instanceof CountersignError && ownCauses.has(cause.code);
}
