import type { ServiceAccountReference, TokenRequest } from "../apis/authentication.ts";
import { type Clock, systemClock } from "../clock.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { errorCodeOf, errorMessageOf } from "../errors.ts";
import { type TokenIntent, tokenOfReply, tokenRequestFor } from "./token-request.ts";
import { tokenRequestError } from "./token-request-errors.ts";
import type { Token, TokenSource } from "./token-source.ts";

/**
 * Posts a TokenRequest to `serviceaccounts/NAME/token` as it stands, unknown fields included: released clients drop
 * `attestations` on the way. Whatever the API server answers comes back; only having no answer is a throw.
 */
export interface TokenRequestClient {
  createToken(
    account: ServiceAccountReference,
    request: TokenRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly status: number; readonly body: unknown }>;
}

/** Whose token is asked for, what for, and through which client. */
export interface TokenRequestSourceOptions {
  readonly client: TokenRequestClient;
  /** Whose token it is to be. */
  readonly serviceAccount: ServiceAccountReference;
  readonly intent: TokenIntent;
  readonly clock?: Clock;
}

/**
 * Asks an API server for a new token on every call; see {@link createCachedTokenSource} for one that is kept. Every
 * attempt is published on `countersign:token`.
 * @throws ERR_TOKEN_REQUEST_* by what was refused, ERR_TOKEN_REQUEST_MISMATCH for a token other than the one asked for,
 * ERR_API_STATUS for other answers, and what the client throws.
 */
export function createTokenRequestSource(options: TokenRequestSourceOptions): TokenSource {
  const { client, serviceAccount, intent, clock = systemClock } = options;
  const request = tokenRequestFor(intent);
  return {
    async token(call = {}): Promise<Token> {
      const requestedAt = clock.now();
      try {
        const { status, body } = await client.createToken(serviceAccount, request, call);
        if (status < 200 || status > 299) throw tokenRequestError(status, body, serviceAccount, intent);
        const token = tokenOfReply(body, serviceAccount, intent, requestedAt);
        publish(options, { outcome: "minted", durationMs: clock.now() - requestedAt });
        return token;
      } catch (error) {
        const durationMs = clock.now() - requestedAt;
        const detail = errorMessageOf(error);
        publish(options, { outcome: "failed", code: errorCodeOf(error), detail, durationMs });
        throw error;
      }
    },
  };
}

interface Attempt {
  readonly outcome: "minted" | "failed";
  readonly code?: string;
  readonly detail?: string;
  readonly durationMs: number;
}

const channel = diagnosticsChannel("countersign:token");

function publish({ serviceAccount, intent }: TokenRequestSourceOptions, attempt: Attempt): void {
  if (!channel.hasSubscribers) return;
  channel.publish({
    serviceAccount: `${serviceAccount.namespace}/${serviceAccount.name}`,
    audience: intent.mode === "attested" ? intent.audience : intent.audiences.join(" "),
    ...(intent.mode === "attested" ? { apiGroup: intent.apiGroup } : {}),
    ...attempt,
  });
}
