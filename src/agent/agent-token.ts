import type { Clock } from "../clock.ts";
import type { AgentToken } from "../credentials/agent-protocol.ts";
import type { Token } from "../credentials/token-source.ts";

/** How long a webhook configuration may have been replaced before its next token is asked for. */
const longestUseMs = 60_000;
/** How soon the plugin comes back for a token that ought to have been replaced. */
const retryMs = 10_000;
/** client-go uses a token up to the second it is told: what is left of its life is for the call under way. */
const usedShare = 0.8;

/** The token, and when the plugin is to come back: after 80 % of its life, in a minute at the latest. */
export function agentToken(token: Token, clock: Clock): AgentToken {
  const { requestedAt, expiresAt } = token;
  const now = clock.now();
  const renewAt = requestedAt + (expiresAt - requestedAt) * usedShare;
  const askAgainAt = now < renewAt ? Math.min(renewAt, now + longestUseMs) : now + retryMs;
  return {
    token: token.token,
    expiresAt: Math.floor(expiresAt),
    askAgainAt: Math.floor(Math.min(askAgainAt, expiresAt)),
  };
}
