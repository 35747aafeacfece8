import { admissionReviewAPIGroups, type UserInfo } from "../../apis/authentication.ts";
import { type JsonObject, objectAt, stringAt, stringsAt } from "../objects/api-object.ts";
import type { ServiceAccountClaims } from "./service-account-issuer.ts";

const prefix = "authentication.kubernetes.io/";

/** The user of a token, extras as in k8s.io/apiserver pkg/authentication/serviceaccount/util.go. */
export function userOfClaims(claims: ServiceAccountClaims): UserInfo {
  const bound = claims["kubernetes.io"];
  const namespace = stringAt(bound, "namespace") ?? "";
  const account = objectAt(bound, "serviceaccount");
  const groups = stringsAt(objectAt(bound, "attestations"), admissionReviewAPIGroups);
  return {
    ...serviceAccountUser(namespace, stringAt(account, "name") ?? "", stringAt(account, "uid") ?? ""),
    extra: {
      ...referenceExtra(bound, "pod"),
      [`${prefix}credential-id`]: [`JTI=${claims.jti}`],
      ...referenceExtra(bound, "node"),
      ...referenceExtra(bound, "validatingwebhookconfiguration"),
      ...referenceExtra(bound, "mutatingwebhookconfiguration"),
      ...(groups.length === 0 ? {} : { [`attestation.${prefix}${admissionReviewAPIGroups}`]: groups }),
    },
  };
}

/** A ServiceAccount as RBAC sees it. */
export function serviceAccountUser(namespace: string, name: string, uid: string): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
  };
}

function referenceExtra(bound: JsonObject, kind: string): Record<string, readonly string[]> {
  const reference = objectAt(bound, kind);
  const name = stringAt(reference, "name");
  const uid = stringAt(reference, "uid");
  return {
    ...(name === undefined ? {} : { [`${prefix}${kind}-name`]: [name] }),
    ...(uid === undefined ? {} : { [`${prefix}${kind}-uid`]: [uid] }),
  };
}
