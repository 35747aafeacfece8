import { readFileSync } from "node:fs";
import { join } from "node:path";
import { authorizationHeader } from "./definitions/authorization-header.ts";
import { bindingAndAttestation, registeredClaims } from "./definitions/claims.ts";
import type { TokenDefinition, VectorDefinition } from "./definitions/definition.ts";
import { plainTokens } from "./definitions/plain-tokens.ts";
import { reviewGroups } from "./definitions/review-groups.ts";
import { reviews } from "./definitions/reviews.ts";
import { routes } from "./definitions/routes.ts";
import { signature } from "./definitions/signature.ts";
import { boundClaims, issuer, now } from "./definitions/tokens.ts";
import { publicJWK, signatureOf } from "./signing.ts";
import type { SharedFacts, Vector, VectorFile, VectorToken } from "./vector.ts";

/** The published vector files, by name, without their shared facts. */
export const vectorFiles: Readonly<
  Record<string, { description: string; vectors: readonly VectorDefinition[] }>
> = {
  "authorization-header.json": {
    description: "How the credential is shown in the request.",
    vectors: authorizationHeader,
  },
  "signature.json": { description: "The token's form, header and signature.", vectors: signature },
  "registered-claims.json": { description: "Issuer, audience and time.", vectors: registeredClaims },
  "binding-and-attestation.json": {
    description: "What a webhook-bound token is bound to and what it attests (KEP-6060).",
    vectors: bindingAndAttestation,
  },
  "plain-tokens.json": {
    description: "ServiceAccount tokens for an audience, bound to no webhook configuration.",
    vectors: plainTokens,
  },
  "review-groups.json": {
    description: "Whether the caller may show this review: its own groups, and what the token attests.",
    vectors: reviewGroups,
  },
};

export const sharedFacts: SharedFacts = {
  description: "What all vectors share: the time, the issuer with its keys, routes and reviews by name.",
  now,
  issuer,
  keys: { keys: ["rsa", "ec"].map(publicJWK) },
  routes,
  reviews,
};

export const folder = import.meta.dirname;

export function readJSON(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), "utf8"));
}

/** Signs what has to be signed. A token that `known` has with the same header and claims stays as it is: an ECDSA or PSS signature is another each time. */
export function generate(name: string, known?: VectorFile): VectorFile {
  const { description, vectors } = vectorFiles[name]!;
  const kept = new Map(known?.vectors.map((vector) => [vector.name, vector]));
  return {
    description,
    vectors: vectors.map((vector) => generateVector(vector, kept.get(vector.name))),
  };
}

function generateVector(definition: VectorDefinition, known: Vector | undefined): Vector {
  const { name, route = "bound", review = "create Deployment", authorization, expected } = definition;
  const shown = (authorization ?? ["{token}"]).some((value) => value.includes("{token}"));
  return {
    name,
    route,
    review,
    ...(authorization === undefined ? {} : { authorization }),
    ...(shown ? { token: generateToken(definition.token ?? {}, known?.token) } : {}),
    expected,
  };
}

function generateToken(
  { key = "rsa", header: more = {}, claims = boundClaims(), change }: TokenDefinition,
  known: VectorToken | undefined,
): VectorToken {
  const header = plain({ alg: key === "ec" ? "ES256" : "RS256", kid: key, ...more });
  const payload = typeof claims === "string" ? claims : JSON.stringify(claims);
  const input = `${base64url(JSON.stringify(header))}.${base64url(payload)}`;
  const alg = header.alg as string;
  const jws = `${input}.${signatureOf(input, alg, key)}`;
  const random = /^(ES|PS)/.test(alg);
  return {
    header,
    claims: typeof claims === "string" ? claims : plain(claims),
    ...madeBy(key, header, change),
    jws: random && known?.jws.startsWith(`${input}.`) ? known.jws : (change?.to(jws) ?? jws),
  };
}

function madeBy(
  key: string,
  header: Readonly<Record<string, unknown>>,
  change: TokenDefinition["change"],
): Pick<VectorToken, "made"> {
  if (change !== undefined) return { made: change.made };
  return key === header.kid ? {} : { made: `signed by the private key "${key}"` };
}

/** Without what is undefined. */
function plain(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(value)) as Readonly<Record<string, unknown>>;
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
