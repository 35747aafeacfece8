import type { WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import {
  admissionReviewAPIGroups,
  type BoundObjectReference,
  type ServiceAccountReference,
  serviceAccountUsername,
  type TokenRequest,
} from "../apis/authentication.ts";
import { CountersignError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { readTokenPayload } from "./token-payload.ts";
import type { Token } from "./token-source.ts";

/** The only lifetime a webhook-bound token can have, and the shortest any can: ten minutes. */
const shortestSeconds = 600;

/** A token bound to one webhook configuration that attests one API group (KEP-6060). */
export interface AttestedTokenIntent {
  readonly mode: "attested";
  readonly configuration: {
    readonly kind: WebhookConfigurationKind;
    readonly name: string;
    readonly uid: string;
  };
  readonly audience: string;
  /** Or `*`, for which the issuer checks neither rule nor audience. */
  readonly apiGroup: string;
}

/** A plain token for audiences, on any cluster since 1.20. */
export interface AudienceTokenIntent {
  readonly mode: "audience";
  readonly audiences: readonly string[];
  /** Default 600, the shortest there is. */
  readonly expirationSeconds?: number;
}

/** What a token is for. */
export type TokenIntent = AttestedTokenIntent | AudienceTokenIntent;

/** The TokenRequest that asks for it. */
export function tokenRequestFor(intent: TokenIntent): TokenRequest {
  const typeMeta = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest" };
  if (intent.mode === "audience") {
    const { audiences, expirationSeconds = shortestSeconds } = intent;
    return { ...typeMeta, spec: { audiences, expirationSeconds } };
  }
  return {
    ...typeMeta,
    spec: {
      audiences: [intent.audience],
      expirationSeconds: shortestSeconds,
      boundObjectRef: boundObjectOf(intent),
      attestations: { [admissionReviewAPIGroups]: [intent.apiGroup] },
    },
  };
}

/**
 * The token in a successful reply, once spec *and* claims carry what was asked for: older API servers drop the fields
 * they do not know without a word, and such a token must not be sent. It ends when the server says, and not later than
 * its own lifetime after we asked, whatever our clock.
 * @throws ERR_TOKEN_REQUEST_MISMATCH naming what differs.
 */
export function tokenOfReply(
  body: unknown,
  account: ServiceAccountReference,
  intent: TokenIntent,
  requestedAt: number,
): Token {
  const { spec, status } = (isObject(body) ? body : {}) as Partial<TokenRequest>;
  const { token, expirationTimestamp } = status ?? {};
  if (typeof token !== "string" || token === "") throw mismatch("status.token", "a token", token);
  const expires = Date.parse(String(expirationTimestamp));
  if (Number.isNaN(expires)) throw mismatch("status.expirationTimestamp", "an instant", expirationTimestamp);
  const secret = new Secret(token);
  const claims = readTokenPayload(secret);
  if (claims === undefined) throw mismatch("status.token", "a signed JWT", "something else");
  assertSpec(spec, intent);
  assertClaims(claims, account, intent);
  const lifetimeMs = (Number(claims.exp) - Number(claims.iat)) * 1000;
  const ends = Number.isNaN(lifetimeMs) ? expires : Math.min(expires, requestedAt + lifetimeMs);
  return { token: secret, requestedAt, expiresAt: ends };
}

function assertSpec(spec: unknown, intent: TokenIntent): void {
  const given = member(spec, "audiences");
  assertSame("spec.audiences", audiencesOf(intent), given);
  if (intent.mode === "audience") return;
  assertSame("spec.attestations", [intent.apiGroup], member(spec, "attestations", admissionReviewAPIGroups));
  const { kind, name, uid } = boundObjectOf(intent);
  for (const [field, asked] of Object.entries({ kind, name }))
    assertSame(`spec.boundObjectRef.${field}`, asked, member(spec, "boundObjectRef", field));
  assertSame("spec.boundObjectRef.uid", uid, member(spec, "boundObjectRef", "uid"));
}

function assertClaims(claims: unknown, account: ServiceAccountReference, intent: TokenIntent): void {
  assertSame("claim sub", serviceAccountUsername(account), member(claims, "sub"));
  const aud = member(claims, "aud");
  assertSame("claim aud", audiencesOf(intent), typeof aud === "string" ? [aud] : aud);
  if (intent.mode === "audience") return;
  const { kind, name, uid } = intent.configuration;
  const kubernetes = member(claims, "kubernetes.io");
  // the bound object's claim is lower case, the attestation's is not (kubernetes/kubernetes pkg/serviceaccount/claims.go)
  const bound = member(kubernetes, kind.toLowerCase());
  assertSame(`claim kubernetes.io.${kind.toLowerCase()}.name`, name, member(bound, "name"));
  assertSame(`claim kubernetes.io.${kind.toLowerCase()}.uid`, uid, member(bound, "uid"));
  const attested = member(kubernetes, "attestations", admissionReviewAPIGroups);
  assertSame(`claim kubernetes.io.attestations.${admissionReviewAPIGroups}`, [intent.apiGroup], attested);
}

function boundObjectOf({ configuration }: AttestedTokenIntent): BoundObjectReference {
  return { apiVersion: "admissionregistration.k8s.io/v1", ...configuration };
}

function audiencesOf(intent: TokenIntent): readonly string[] {
  return intent.mode === "audience" ? intent.audiences : [intent.audience];
}

function member(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function assertSame(field: string, asked: unknown, given: unknown): void {
  if (JSON.stringify(asked) !== JSON.stringify(given)) throw mismatch(field, asked, given);
}

function mismatch(field: string, asked: unknown, given: unknown): CountersignError {
  const came = given === undefined ? "nothing" : JSON.stringify(given);
  return new CountersignError(
    "ERR_TOKEN_REQUEST_MISMATCH",
    `the API server's answer does not carry what was asked for: ${field} should be ${JSON.stringify(asked)}, is ${came}; ` +
      "an API server drops what it does not know, and webhook-bound tokens need 1.37 with the feature gate APIServerWebhookAuthenticationToken",
  );
}
