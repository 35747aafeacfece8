import { accepted, refused, type VectorDefinition, withClaims, withPrivateClaims } from "./definition.ts";
import {
  audience,
  boundClaims,
  configuration,
  foreignAudience,
  issuer,
  now,
  otherAudience,
} from "./tokens.ts";

type Case = readonly [name: string, more: Readonly<Record<string, unknown>>];

/** Cases that differ in the registered claims, all refused for one reason. */
function refusedClaims(reason: string, ...cases: readonly Case[]): readonly VectorDefinition[] {
  return cases.map(([name, more]) => ({ name, token: withClaims(more), expected: refused(reason) }));
}

/** The same for members of `kubernetes.io`. */
function refusedPrivate(reason: string, ...cases: readonly Case[]): readonly VectorDefinition[] {
  return cases.map(([name, inner]) => ({ name, token: withPrivateClaims(inner), expected: refused(reason) }));
}

/** Issuer, audience and time. */
export const registeredClaims: readonly VectorDefinition[] = [
  ...refusedClaims(
    "ERR_TOKEN_ISSUER",
    ["another issuer", { iss: "https://issuer.example.com" }],
    ["the issuer with a slash", { iss: `${issuer}/` }],
  ),
  { name: "the audience as a lone text", token: withClaims({ aud: audience }), expected: accepted("apps") },
  ...refusedClaims(
    "ERR_TOKEN_AUDIENCE",
    ["another server's audience", { aud: [foreignAudience] }],
    ["another route's audience", { aud: [otherAudience] }],
    ["the audience without its port", { aud: [audience.replace(":443", "")] }],
    ["the audience with a trailing slash", { aud: [`${audience}/`] }],
    ["the audience in another case", { aud: [audience.replace("webhook", "Webhook")] }],
    ["a second audience beside the right one", { aud: [audience, foreignAudience] }],
    ["no audience", { aud: [] }],
  ),
  {
    name: "a second before it expires",
    token: withClaims({ exp: now + 1, iat: now - 599 }),
    expected: accepted("apps"),
  },
  ...refusedClaims(
    "ERR_TOKEN_EXPIRED",
    ["the second it expires", { exp: now, iat: now - 600, nbf: now - 600 }],
    ["a second after it expired: there is no leeway", { exp: now - 1, iat: now - 601, nbf: now - 601 }],
  ),
  {
    name: "issued by a clock that is a minute ahead",
    token: withClaims({ nbf: now + 60, iat: now + 60, exp: now + 660 }),
    expected: accepted("apps"),
  },
  ...refusedClaims(
    "ERR_TOKEN_NOT_YET_VALID",
    ["valid from 61 s on", { nbf: now + 61 }],
    ["issued in 61 s", { iat: now + 61, exp: now + 600 }],
  ),
  {
    name: "a life of 600 s",
    token: withClaims({ iat: now - 60, exp: now + 540 }),
    expected: accepted("apps"),
  },
  ...refusedClaims("ERR_TOKEN_LIFETIME", ["a life of 601 s", { exp: now + 541 }]),
  ...refusedClaims(
    "ERR_TOKEN_MALFORMED",
    ["no iss", { iss: undefined }],
    ["no aud", { aud: undefined }],
    ["no exp", { exp: undefined }],
    ["no nbf", { nbf: undefined }],
    ["no iat", { iat: undefined }],
    ["exp as a text", { exp: String(now + 540) }],
    ["an audience that is no text", { aud: [1] }],
    [
      "a sub that is not the ServiceAccount of the private claims",
      { sub: "system:serviceaccount:default:default" },
    ],
    ["a sub that is no ServiceAccount", { sub: "webhook-auth" }],
    ["no private claims", { "kubernetes.io": undefined }],
    ["private claims that are a text", { "kubernetes.io": "kube-system" }],
  ),
];

/** What the token is bound to and what it attests (KEP-6060). */
export const bindingAndAttestation: readonly VectorDefinition[] = [
  ...refusedPrivate(
    "ERR_TOKEN_BINDING",
    ["attesting, but bound to nothing", { validatingwebhookconfiguration: undefined }],
    [
      "bound to a configuration of another kind",
      { validatingwebhookconfiguration: undefined, mutatingwebhookconfiguration: configuration },
    ],
    ["bound to two configurations", { mutatingwebhookconfiguration: configuration }],
  ),
  {
    name: "bound to the configuration the route names",
    route: "bound, of one configuration",
    token: {},
    expected: accepted("apps"),
  },
  {
    name: "bound to another configuration than the route names",
    route: "bound, of another configuration",
    token: {},
    expected: refused("ERR_TOKEN_BINDING"),
  },
  {
    name: "bound to a configuration that was made anew",
    route: "bound, of an earlier configuration of that name",
    token: {},
    expected: refused("ERR_TOKEN_BINDING"),
  },
  ...refusedPrivate(
    "ERR_TOKEN_ATTESTATION",
    ["bound, but attesting nothing", { attestations: undefined }],
    ["an empty attestation", { attestations: { admissionReviewAPIGroups: [] } }],
    ["two groups attested", { attestations: { admissionReviewAPIGroups: ["apps", "batch"] } }],
    ["the core group attested, which no issuer does", { attestations: { admissionReviewAPIGroups: [""] } }],
    ["an attestation of another key", { attestations: { allowedAPIGroup: ["apps"] } }],
    [
      "the claim under the name it had in the proposal",
      {
        attestations: undefined,
        attestationClaims: { "webhook-authentication.k8s.io/allowedAPIGroup": ["apps"] },
      },
    ],
  ),
  ...refusedPrivate(
    "ERR_TOKEN_MALFORMED",
    [
      "the binding in camel case, which ignoring case would take for one",
      { validatingwebhookconfiguration: undefined, validatingWebhookConfiguration: configuration },
    ],
    ["a group attested as a lone text", { attestations: { admissionReviewAPIGroups: "apps" } }],
    ["attestations that are a list", { attestations: ["apps"] }],
    ["a binding without a uid", { validatingwebhookconfiguration: { name: configuration.name } }],
  ),
  {
    name: "* from a ServiceAccount that the route names for it",
    route: "bound, * from one ServiceAccount",
    token: withPrivateClaims({ attestations: { admissionReviewAPIGroups: ["*"] } }),
    expected: accepted("*"),
  },
  {
    name: "* from a ServiceAccount that nobody named: for * the issuer checks neither rules nor audience",
    token: withPrivateClaims({ attestations: { admissionReviewAPIGroups: ["*"] } }),
    expected: refused("ERR_CALLER_UNNAMED"),
  },
  {
    name: "claims in another order, and one that nobody knows",
    token: { claims: { extra: { any: 1 }, ...boundClaims() } },
    expected: accepted("apps"),
  },
];
