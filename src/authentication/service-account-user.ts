import {
  admissionReviewAPIGroups,
  type ServiceAccountReference,
  serviceAccountUsername,
  type UserInfo,
} from "../apis/authentication.ts";
import { quoted, quotedList, type TokenCheck } from "./token-check.ts";
import type { ObjectClaim, TokenClaims } from "./token-claims.ts";

/** kubernetes/apiserver pkg/authentication/serviceaccount/util.go: what a bound token adds to its user's `extra`. */
const extraPrefix = "authentication.kubernetes.io/";

/** The `extra` keys a bound object's name and uid stand under, also in a TokenReview's answer. */
export function boundObjectExtraKeys(claim: string): { readonly name: string; readonly uid: string } {
  return { name: `${extraPrefix}${claim}-name`, uid: `${extraPrefix}${claim}-uid` };
}

/** The `extra` key of the attestation. */
export const attestationExtraKey = `attestation.${extraPrefix}${admissionReviewAPIGroups}`;

/** The ServiceAccount that the private claims name. */
export function claimedServiceAccount({ kubernetes }: TokenClaims): ServiceAccountReference {
  return { namespace: kubernetes.namespace, name: kubernetes.serviceaccount.name };
}

/** The user an API server makes of these claims: what TokenReview answers for the same token. */
export function serviceAccountUser(claims: TokenClaims): UserInfo {
  const { namespace, serviceaccount } = claims.kubernetes;
  return {
    username: claims.sub,
    uid: serviceaccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    extra: extraOf(claims),
  };
}

function extraOf({ jti, kubernetes }: TokenClaims): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, readonly string[]> = {};
  if (jti !== undefined) extra[`${extraPrefix}credential-id`] = [`JTI=${jti}`];
  addObject(extra, "pod", kubernetes.pod);
  addObject(extra, "node", kubernetes.node);
  addObject(extra, "validatingwebhookconfiguration", kubernetes.validatingwebhookconfiguration);
  addObject(extra, "mutatingwebhookconfiguration", kubernetes.mutatingwebhookconfiguration);
  const groups = kubernetes.attestations?.get(admissionReviewAPIGroups);
  if (groups !== undefined) extra[attestationExtraKey] = groups;
  return extra;
}

function addObject(
  extra: Record<string, readonly string[]>,
  claim: string,
  object: ObjectClaim | undefined,
): void {
  if (object === undefined) return;
  const keys = boundObjectExtraKeys(claim);
  extra[keys.name] = [object.name];
  extra[keys.uid] = [object.uid];
}

/** `sub` is a ServiceAccount's user name and the private claims name the same one. */
export const subjectCheck: TokenCheck = {
  name: "subject",
  code: "ERR_TOKEN_MALFORMED",
  passes: ({ claims }) => claims.sub === serviceAccountUsername(claimedServiceAccount(claims)),
  compared: ({ claims }) => ({
    expected: `sub ${quoted(serviceAccountUsername(claimedServiceAccount(claims)))}, as the claim kubernetes.io says`,
    actual: quoted(claims.sub),
  }),
};

/** The ServiceAccount is one of these; `applies` narrows the rule to some tokens. */
export function namedCheck(
  name: string,
  accounts: readonly ServiceAccountReference[],
  applies: (claims: TokenClaims) => boolean = () => true,
): TokenCheck {
  const isNamed = (claims: TokenClaims): boolean => {
    const claimed = claimedServiceAccount(claims);
    return accounts.some(
      (account) => account.namespace === claimed.namespace && account.name === claimed.name,
    );
  };
  return {
    name,
    code: "ERR_CALLER_UNNAMED",
    passes: ({ claims }) => !applies(claims) || isNamed(claims),
    compared: ({ claims }) => ({
      expected: applies(claims)
        ? `one of the named ServiceAccounts: ${quotedList(accounts.map(accountText))}`
        : "any ServiceAccount",
      actual: quoted(accountText(claimedServiceAccount(claims))),
    }),
  };
}

function accountText({ namespace, name }: ServiceAccountReference): string {
  return `${namespace}/${name}`;
}
