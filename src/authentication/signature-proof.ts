import type { KeyObject } from "node:crypto";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { andThen } from "../maybe-promise.ts";
import {
  isSigningAlgorithm,
  signingAlgorithms,
  verifySignature,
  verifySignatureOnPool,
} from "./algorithms.ts";
import type { SignedToken } from "./signed-token.ts";
import { quoted, quotedList, type TokenCheck, type TokenProof } from "./token-check.ts";
import type { TokenIssuer } from "./token-issuer.ts";

/** After a signature that does not verify, the thread pool verifies for this long. */
const wariness = 1_000;

/** The algorithm is on the allow-list. */
export const algorithmCheck: TokenCheck = {
  name: "algorithm",
  code: "ERR_TOKEN_ALGORITHM",
  passes: ({ alg }) => isSigningAlgorithm(alg),
  compared: ({ alg }) => ({ expected: `one of ${signingAlgorithms.join(", ")}`, actual: quoted(alg) }),
};

/** `iss` is a configured issuer's; passes while one of them is not known yet, then the proof decides. */
export function issuerCheck(issuers: readonly TokenIssuer[]): TokenCheck {
  return {
    name: "issuer",
    code: "ERR_TOKEN_ISSUER",
    passes: ({ claims }) =>
      issuers.some((issuer) => {
        const known = issuer.issuer();
        return known === undefined || known === claims.iss;
      }),
    compared: ({ claims }) => ({
      expected: `one of ${quotedList(issuersOf(issuers))}`,
      actual: quoted(claims.iss),
    }),
  };
}

/**
 * Proves a token by its issuer's signature. Of two issuers with one `iss` the first counts. While signatures are good
 * they are verified where we stand (the pool costs more than it saves); one that is bad sends all of the next second to
 * the thread pool, so that a flood of forged tokens does not hold up known callers.
 */
export function signatureProof(options: {
  readonly issuers: readonly TokenIssuer[];
  readonly clock?: Clock;
}): TokenProof {
  const clock = options.clock ?? systemClock;
  let waryUntil = 0;

  const judge = (valid: boolean): undefined => {
    if (valid) return undefined;
    waryUntil = clock.now() + wariness;
    throw new CountersignError(
      "ERR_TOKEN_SIGNATURE",
      "token signature: it does not verify with the issuer's key",
    );
  };
  const verify = (token: SignedToken, key: KeyObject | undefined): MaybePromise<undefined> => {
    const { alg, kid, signingInput, signature } = token;
    if (!isSigningAlgorithm(alg)) throw refusedAlgorithm();
    if (key === undefined)
      throw new CountersignError("ERR_TOKEN_KEY_UNKNOWN", `token key: the issuer has no key ${quoted(kid)}`);
    const input = { algorithm: alg, key, signingInput, signature };
    const now = clock.now();
    const wary = now < waryUntil && now >= waryUntil - wariness;
    return wary ? verifySignatureOnPool(input).then(judge) : judge(verifySignature(input));
  };

  return {
    name: "signature",
    prove(token) {
      const key = andThen(findIssuer(options.issuers, token.claims.iss), (issuer) => keyFor(issuer, token));
      return andThen(key, (found) => verify(token, found));
    },
  };
}

function keyFor(issuer: TokenIssuer, { kid, alg }: SignedToken): MaybePromise<KeyObject | undefined> {
  if (!isSigningAlgorithm(alg)) throw refusedAlgorithm();
  return issuer.key(kid, alg);
}

function refusedAlgorithm(): CountersignError {
  return new CountersignError("ERR_TOKEN_ALGORITHM", "token algorithm: not on the allow-list");
}

function findIssuer(issuers: readonly TokenIssuer[], iss: string): MaybePromise<TokenIssuer> {
  const known = issuers.find((issuer) => issuer.issuer() === iss);
  return known ?? discoverIssuer(issuers, iss);
}

async function discoverIssuer(issuers: readonly TokenIssuer[], iss: string): Promise<TokenIssuer> {
  const unknown = issuers.filter((issuer) => issuer.issuer() === undefined);
  const outcomes = await Promise.allSettled(unknown.map(async (issuer) => issuer.discover()));
  const found = issuers.find((issuer) => issuer.issuer() === iss);
  if (found !== undefined) return found;
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  throw new CountersignError(
    "ERR_TOKEN_ISSUER",
    `token issuer: expected one of ${quotedList(issuersOf(issuers))}, got ${quoted(iss)}`,
  );
}

function issuersOf(issuers: readonly TokenIssuer[]): readonly string[] {
  return issuers.map((issuer) => issuer.issuer() ?? `(issuer ${issuer.name}, not fetched yet)`);
}
