import { type Clock, systemClock } from "../clock.ts";
import type { Token, TokenSource } from "./token-source.ts";

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/**
 * Keeps a failing source from being asked on every call: after a failure it throws that error again at once, for a
 * second, then two, at most 30 s, until the source has succeeded.
 */
export function createPacedTokenSource(source: TokenSource, clock: Clock = systemClock): TokenSource {
  let failures = 0;
  let failure: { readonly error: unknown; readonly until: number } | undefined;
  return {
    async token(options): Promise<Token> {
      if (failure !== undefined && clock.now() < failure.until) throw failure.error;
      try {
        const token = await source.token(options);
        failures = 0;
        failure = undefined;
        return token;
      } catch (error) {
        failure = { error, until: clock.now() + Math.min(firstPauseMs * 2 ** failures++, longestPauseMs) };
        throw error;
      }
    },
  };
}
