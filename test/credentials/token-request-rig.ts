import type { TokenRequest } from "../../src/apis/authentication.ts";
import type { AttestedTokenIntent } from "../../src/credentials/token-request.ts";

export const serviceAccount = { namespace: "kube-system", name: "webhook-auth" };
export const attested: AttestedTokenIntent = {
  mode: "attested",
  configuration: { kind: "ValidatingWebhookConfiguration", name: "c", uid: "u-1" },
  audience: "https://svc.ns.svc:443/v",
  apiGroup: "apps",
};

/** As an API server that knows all of it answers, with what a test changes. */
export function replyTo(
  { spec }: TokenRequest,
  issuedAt: number,
  claims: Readonly<Record<string, unknown>> = {},
  members: Readonly<Record<string, unknown>> = {},
) {
  const { kind = "", name, uid } = spec.boundObjectRef ?? {};
  const iat = Math.floor(issuedAt / 1000);
  const lifetimeSeconds = spec.expirationSeconds ?? 3600;
  const payload = {
    sub: "system:serviceaccount:kube-system:webhook-auth",
    aud: spec.audiences,
    iat,
    exp: iat + lifetimeSeconds,
    "kubernetes.io": {
      namespace: "kube-system",
      ...(kind === "" ? {} : { [kind.toLowerCase()]: { name, uid }, attestations: spec.attestations }),
    },
    ...claims,
  };
  return {
    kind: "TokenRequest",
    spec,
    status: {
      token: jwtOf(payload),
      expirationTimestamp: new Date((iat + lifetimeSeconds) * 1000).toISOString(),
    },
    ...members,
  };
}

export function jwtOf(claims: unknown): string {
  return ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "c2ln"].join(".");
}
