import type { Token } from "../credentials/token-source.ts";
import { CountersignError, type ErrorCode } from "../errors.ts";
import type { FoundWebhook } from "../webhook/endpoints/find-webhooks-by-host-port.ts";
import { interceptsTokenRequests } from "../webhook/matching/webhook-matcher.ts";

/** What is known of the token for one host and port. */
export interface EndpointState {
  readonly hostPort: string;
  /** Whom the token is for. */
  readonly webhooks: readonly FoundWebhook[];
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

/** The webhook of these that is called for every TokenRequest, its own among them. */
export function interceptorOf(webhooks: readonly FoundWebhook[]): FoundWebhook | undefined {
  return webhooks.find(({ webhook }) => interceptsTokenRequests(webhook));
}

/** Why there is no token, said in terms of what can be done about it. */
export function missingTokenError(
  hostPort: string,
  webhooks: readonly FoundWebhook[],
  cause: unknown,
): CountersignError {
  const interceptor = interceptorOf(webhooks);
  if (interceptor !== undefined && !isOwnCause(cause)) return interceptedError(interceptor, cause);
  if (cause instanceof CountersignError) return cause;
  const detail = cause === undefined ? "it is being asked for" : String(cause);
  return new CountersignError("ERR_TRANSPORT", `no token for ${hostPort} yet: ${detail}`, { cause });
}

function isOwnCause(cause: unknown): boolean {
  return cause instanceof CountersignError && ownCauses.has(cause.code);
}

/** What excludes the request for a token, and nothing else, from a webhook whose rules match it. */
export const curingExpression =
  'request.resource.group != "" || request.resource.resource != "serviceaccounts" || request.subResource != "token"';

function interceptedError({ configuration, webhook }: FoundWebhook, cause: unknown): CountersignError {
  return new CountersignError(
    "ERR_TOKEN_REQUEST_INTERCEPTED",
    `webhook ${webhook.name} of ${configuration.kind} ${configuration.name} is called for the very request that would bring its token: ` +
      `take serviceaccounts/token out of its rules, or add the matchCondition ${JSON.stringify(curingExpression)}`,
    { cause },
  );
}
