import type { WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import type { UserInfo } from "../../apis/authentication.ts";
import type { Clock } from "../../clock.ts";
import { type ApiObject, type JsonObject, objectAt, stringAt, stringsAt } from "../objects/api-object.ts";
import type { ResourceKind, ResourceRegistry } from "../objects/resource-kind.ts";
import { notFound } from "../status/status-error.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { ServiceAccountClaims, ServiceAccountIssuer } from "./service-account-issuer.ts";
import { userOfClaims } from "./service-account-user.ts";

/** Whose token it is, and which of the wanted audiences it is for. */
export interface AuthenticatedToken {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

/** `undefined` is "not a token of mine"; a token that is and is not good is a throw. */
export interface TokenLookup {
  authenticate(token: string, audiences: readonly string[]): AuthenticatedToken | undefined;
}

export interface ServiceAccountAuthenticatorOptions {
  readonly issuer: ServiceAccountIssuer;
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  /** Whether tokens bound to a webhook configuration are known at all. */
  readonly webhookTokens: boolean;
}

/** go-jose's leeway on exp, nbf, iat and on deletion timestamps: one minute. */
const leewayMs = 60_000;
const invalidated = "service account token has been invalidated";

/**
 * ServiceAccount tokens as kube-apiserver checks them: signature, audience, times, and that the ServiceAccount and what
 * the token is bound to still exist with the same uid (k8s.io/kubernetes pkg/serviceaccount/{jwt,claims}.go, 1.37).
 */
export function createServiceAccountAuthenticator(options: ServiceAccountAuthenticatorOptions): TokenLookup {
  const { issuer, clock } = options;
  return {
    authenticate(token, wanted) {
      const claims = issuer.verify(token);
      if (claims === undefined) return undefined;
      const own = typeof claims.aud === "string" ? [claims.aud] : stringsAt(claims, "aud");
      const audiences = own.filter((audience) => wanted.includes(audience));
      if (audiences.length === 0)
        throw new Error(
          `token audiences ${quoted(own)} is invalid for the target audiences ${quoted(wanted)}`,
        );
      assertTimes(claims, clock.now());
      assertAlive(claims, options);
      return { user: userOfClaims(claims), audiences };
    },
  };
}

function assertTimes(claims: ServiceAccountClaims, now: number): void {
  if (now - leewayMs > claims.exp * 1000) throw new Error("service account token has expired");
  if (now + leewayMs < claims.nbf * 1000) throw new Error("service account token is not valid yet");
  if (now + leewayMs < claims.iat * 1000) throw new Error("service account token is issued in the future");
}

function assertAlive(claims: ServiceAccountClaims, options: ServiceAccountAuthenticatorOptions): void {
  const bound = claims["kubernetes.io"];
  const namespace = stringAt(bound, "namespace") ?? "";
  assertAccount(objectAt(bound, "serviceaccount"), namespace, options);
  for (const reference of boundKinds) {
    if (bound[reference.claim] === undefined) continue;
    if (reference.attested) assertAttested(bound, options);
    assertBound(objectAt(bound, reference.claim), namespace, reference, options);
  }
}

interface BoundKind {
  readonly claim: string;
  readonly group: string;
  readonly resource: string;
  /** What upstream calls it in its message, in both places: for either configuration the second is `validating`. */
  readonly title: string;
  readonly noun: string;
  readonly attested?: boolean;
}

const boundKinds: readonly BoundKind[] = [
  { claim: "secret", group: "", resource: "secrets", title: "secret", noun: "secret" },
  { claim: "pod", group: "", resource: "pods", title: "pod", noun: "pod" },
  configuration("ValidatingWebhookConfiguration"),
  configuration("MutatingWebhookConfiguration"),
];

function configuration(title: WebhookConfigurationKind): BoundKind {
  const claim = title.toLowerCase();
  const group = "admissionregistration.k8s.io";
  return { claim, group, resource: `${claim}s`, title, noun: "validating", attested: true };
}

function assertAccount(
  reference: JsonObject,
  namespace: string,
  { store, registry, clock }: ServiceAccountAuthenticatorOptions,
): void {
  const kind = registry.find("", "v1", "serviceaccounts")!;
  const name = stringAt(reference, "name") ?? "";
  const account = store.get(kind, namespace, name);
  if (account === undefined) throw notFound({ group: "", resource: "serviceaccount" }, name);
  const { uid } = account.metadata;
  if (uid !== reference.uid)
    throw new Error(`service account UID (${uid}) does not match claim (${reference.uid})`);
  if (deletedBefore(account, clock)) throw new Error(`service account ${namespace}/${name} has been deleted`);
}

function assertAttested(bound: JsonObject, { webhookTokens }: ServiceAccountAuthenticatorOptions): void {
  if (!webhookTokens)
    throw new Error(
      'feature gate "APIServerWebhookAuthenticationToken" is disabled, but token is webhook bound',
    );
  if (stringsAt(objectAt(bound, "attestations"), "admissionReviewAPIGroups").length === 0)
    throw new Error(
      'bound object was a webhook config, but "admissionReviewAPIGroups" attestation is missing',
    );
}

function assertBound(
  reference: JsonObject,
  namespace: string,
  bound: BoundKind,
  { store, registry, clock }: ServiceAccountAuthenticatorOptions,
): void {
  const kind: ResourceKind = registry.find(bound.group, "v1", bound.resource)!;
  const object = store.get(kind, namespace, stringAt(reference, "name") ?? "");
  if (object === undefined || deletedBefore(object, clock)) throw new Error(invalidated);
  const { uid } = object.metadata;
  if (uid !== reference.uid)
    throw new Error(
      `${bound.title} UID (${uid}) does not match service account ${bound.noun} ref claim (${reference.uid})`,
    );
}

function deletedBefore({ metadata }: ApiObject, clock: Clock): boolean {
  const { deletionTimestamp } = metadata;
  return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < clock.now() - leewayMs;
}

function quoted(audiences: readonly string[]): string {
  return `[${audiences.map((audience) => JSON.stringify(audience)).join(" ")}]`;
}
