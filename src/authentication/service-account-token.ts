import type { ServiceAccountReference } from "../apis/authentication.ts";
import type { Caller } from "./authenticator.ts";
import { namedCheck, serviceAccountUser, subjectCheck } from "./service-account-user.ts";
import type { SignedToken } from "./signed-token.ts";
import { timeChecks } from "./time-checks.ts";
import { quotedList, type TokenCheck, type TokenProfile } from "./token-check.ts";
import { isWebhookToken } from "./token-claims.ts";

export interface ServiceAccountTokenProfileOptions {
  /** This route's audiences. */
  readonly audiences: readonly string[];
  /** Every audience of this server. */
  readonly serverAudiences: readonly string[];
  /** The callers this route knows. Nobody else's token is accepted, however good. */
  readonly serviceAccounts: readonly ServiceAccountReference[];
  readonly leewaySeconds?: number;
}

/**
 * Plain audience tokens of named ServiceAccounts. An audience is not an authorization: whoever owns a pod can have its
 * ServiceAccount's token minted for any audience, so only named ones count. Every audience must be this server's, or
 * another holder of the token could replay it here, and one must be the route's. A token with a webhook binding or an
 * attestation is never a plain one.
 */
export function serviceAccountTokenProfile(options: ServiceAccountTokenProfileOptions): TokenProfile {
  const accepted = (aud: readonly string[]): string | undefined =>
    aud.find((audience) => options.audiences.includes(audience));
  return {
    method: "serviceAccountToken",
    covers: ({ claims }) => !isWebhookToken(claims),
    checks: [
      audienceCheck(options, accepted),
      ...timeChecks(options.leewaySeconds),
      subjectCheck,
      namedCheck("caller", options.serviceAccounts),
    ],
    caller: ({ claims }: SignedToken): Caller => ({
      method: "serviceAccountToken",
      user: serviceAccountUser(claims),
      audience: accepted(claims.aud)!,
      expiresAt: claims.exp * 1000,
    }),
  };
}

function audienceCheck(
  { audiences, serverAudiences }: ServiceAccountTokenProfileOptions,
  accepted: (aud: readonly string[]) => string | undefined,
): TokenCheck {
  const ours = [...new Set([...serverAudiences, ...audiences])];
  return {
    name: "audience",
    code: "ERR_TOKEN_AUDIENCE",
    passes: ({ claims: { aud } }) =>
      accepted(aud) !== undefined && aud.every((audience) => ours.includes(audience)),
    compared: ({ claims: { aud } }) => ({
      expected: `one of ${quotedList(audiences)}, and none that is not this server's`,
      actual: quotedList(aud),
    }),
  };
}
