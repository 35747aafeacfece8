/** What kube-apiserver 1.37 writes into tokens. */

/** 2026-11-21T08:00:00Z. */
export const now = 1_795_248_000;
export const issuer = "https://kubernetes.default.svc.cluster.local";
export const audience = "https://webhook.security.svc:443/validate";
export const otherAudience = "https://webhook.security.svc:443/other";
export const foreignAudience = "https://webhook.elsewhere.svc:443/validate";
export const account = { namespace: "kube-system", name: "webhook-auth" };
export const configuration = { name: "policy.example.com", uid: "5f6a7a52-6d6b-4ab5-8f0c-2b9d7f0e8c11" };

export type Claims = Readonly<Record<string, unknown>>;

/** A plain token's; `inner` goes into `kubernetes.io`, and undefined takes a claim out. */
export function plainClaims(more: Claims = {}, inner: Claims = {}): Claims {
  return {
    aud: [audience],
    exp: now + 540,
    iat: now - 60,
    iss: issuer,
    jti: "1c6ccd2b-8d4c-4c1f-9d5a-40d9cd6f9bb2",
    "kubernetes.io": {
      namespace: account.namespace,
      serviceaccount: { name: account.name, uid: "a3f2a1ce-29d9-4be6-9a2e-0a4ce42ba75c" },
      ...inner,
    },
    nbf: now - 60,
    sub: `system:serviceaccount:${account.namespace}:${account.name}`,
    ...more,
  };
}

/** Those of a token that is bound to a validating configuration and attests `apps`. */
export function boundClaims(more: Claims = {}, inner: Claims = {}): Claims {
  return plainClaims(more, {
    validatingwebhookconfiguration: configuration,
    attestations: { admissionReviewAPIGroups: ["apps"] },
    ...inner,
  });
}
