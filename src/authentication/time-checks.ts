import type { SignedToken } from "./signed-token.ts";
import type { TokenCheck } from "./token-check.ts";

/** A freshly minted token must pass where our clock is behind the issuer's: a minute, as in Go's verifiers. */
const defaultLeewaySeconds = 60;

/**
 * `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6). The leeway holds for `nbf` and `iat` only: a bearer renews
 * its token at 80 % of its life, which leaves two of ten minutes for clocks that differ, while leeway on `exp` would
 * lengthen the life of a stolen one.
 */
export function timeChecks(leewaySeconds = defaultLeewaySeconds): readonly TokenCheck[] {
  const leewayMs = leewaySeconds * 1000;
  return [
    {
      name: "expiry",
      code: "ERR_TOKEN_EXPIRED",
      passes: ({ claims }, now) => now < claims.exp * 1000,
      compared: ({ claims }, now) => ({ expected: `exp after ${instant(now)}`, actual: seconds(claims.exp) }),
    },
    {
      name: "not before",
      code: "ERR_TOKEN_NOT_YET_VALID",
      passes: ({ claims }, now) => claims.nbf * 1000 <= now + leewayMs,
      compared: ({ claims }, now) => ({
        expected: `nbf no later than ${instant(now)} and ${leewaySeconds} s`,
        actual: seconds(claims.nbf),
      }),
    },
    {
      name: "issued at",
      code: "ERR_TOKEN_NOT_YET_VALID",
      passes: ({ claims }, now) => claims.iat * 1000 <= now + leewayMs,
      compared: ({ claims }, now) => ({
        expected: `iat no later than ${instant(now)} and ${leewaySeconds} s`,
        actual: seconds(claims.iat),
      }),
    },
  ];
}

/** `exp - iat` is positive and at most `maxSeconds`. */
export function lifetimeCheck(maxSeconds: number): TokenCheck {
  const lifetime = ({ claims }: SignedToken): number => claims.exp - claims.iat;
  return {
    name: "lifetime",
    code: "ERR_TOKEN_LIFETIME",
    passes: (token) => lifetime(token) > 0 && lifetime(token) <= maxSeconds,
    compared: (token) => ({
      expected: `more than 0 s, at most ${maxSeconds} s`,
      actual: `${lifetime(token)} s`,
    }),
  };
}

function seconds(value: number): string {
  return instant(value * 1000);
}

function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
