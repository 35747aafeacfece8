import { CountersignError } from "../errors.ts";
import { isObject, type JSONObject, ownMember } from "./strict-json.ts";

/** An object a token is bound to, as its claims name it. */
export interface ObjectClaim {
  readonly name: string;
  readonly uid: string;
}

/** The private claim `kubernetes.io`. Its bound-object keys are all lower case, `admissionReviewAPIGroups` is not. */
export interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: ObjectClaim;
  readonly pod?: ObjectClaim;
  readonly node?: ObjectClaim;
  readonly validatingwebhookconfiguration?: ObjectClaim;
  readonly mutatingwebhookconfiguration?: ObjectClaim;
  readonly attestations?: ReadonlyMap<string, readonly string[]>;
}

/** The claims of a ServiceAccount token, as kubernetes/kubernetes pkg/serviceaccount/claims.go writes them. */
export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  /** Always a list, also where the token writes a lone string. */
  readonly aud: readonly string[];
  /** Seconds since the epoch, as in the token. */
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti?: string;
  readonly kubernetes: KubernetesClaims;
}

/** 8.64e15 ms is the last instant a Date can name (ECMA-262); a second count above it is nonsense. */
const lastSecond = 8.64e12;

const knownNames = [
  "namespace",
  "serviceaccount",
  "pod",
  "node",
  "secret",
  "warnafter",
  "validatingwebhookconfiguration",
  "mutatingwebhookconfiguration",
  "attestations",
];

/**
 * Decodes claims strictly: every claim an API server always writes is required and of its type, read as an own property
 * under its exact name. A member of `kubernetes.io` that equals a known name but for case is refused: a verifier that
 * ignores case would see a binding where we see none.
 * @throws ERR_TOKEN_MALFORMED, naming the claim.
 */
export function decodeClaims(claims: JSONObject): TokenClaims {
  const jti = ownMember(claims, "jti");
  return {
    iss: text(claims, "iss"),
    sub: text(claims, "sub"),
    aud: audiences(ownMember(claims, "aud")),
    exp: seconds(claims, "exp"),
    nbf: seconds(claims, "nbf"),
    iat: seconds(claims, "iat"),
    ...(jti !== undefined && { jti: text(claims, "jti") }),
    kubernetes: kubernetesClaims(ownMember(claims, "kubernetes.io")),
  };
}

/** Whether the claims bind the token to a webhook configuration or attest anything: then it is never a plain token. */
export function isWebhookToken({ kubernetes }: TokenClaims): boolean {
  return (
    kubernetes.validatingwebhookconfiguration !== undefined ||
    kubernetes.mutatingwebhookconfiguration !== undefined ||
    kubernetes.attestations !== undefined
  );
}

function kubernetesClaims(value: unknown): KubernetesClaims {
  if (!isObject(value)) throw expected("kubernetes.io", "an object");
  refuseOtherCase(value);
  const attestations = ownMember(value, "attestations");
  return {
    namespace: text(value, "namespace", "kubernetes.io.namespace"),
    serviceaccount: objectClaim(ownMember(value, "serviceaccount"), "serviceaccount"),
    ...optionalObject(value, "pod"),
    ...optionalObject(value, "node"),
    ...optionalObject(value, "validatingwebhookconfiguration"),
    ...optionalObject(value, "mutatingwebhookconfiguration"),
    ...(attestations !== undefined && { attestations: attestationMap(attestations) }),
  };
}

function refuseOtherCase(value: JSONObject): void {
  for (const name of Object.keys(value))
    if (!knownNames.includes(name) && knownNames.includes(name.toLowerCase()))
      throw new CountersignError(
        "ERR_TOKEN_MALFORMED",
        `token claim kubernetes.io: a member differs from ${name.toLowerCase()} only by case`,
      );
}

function optionalObject<Name extends string>(
  value: JSONObject,
  name: Name,
): Partial<Record<Name, ObjectClaim>> {
  const member = ownMember(value, name);
  return member === undefined ? {} : ({ [name]: objectClaim(member, name) } as Record<Name, ObjectClaim>);
}

function objectClaim(value: unknown, name: string): ObjectClaim {
  const path = `kubernetes.io.${name}`;
  if (!isObject(value)) throw expected(path, "an object");
  return { name: text(value, "name", `${path}.name`), uid: text(value, "uid", `${path}.uid`) };
}

function attestationMap(value: unknown): ReadonlyMap<string, readonly string[]> {
  if (!isObject(value)) throw expected("kubernetes.io.attestations", "an object");
  return new Map(
    Object.entries(value).map(([key, list]) => {
      if (!isStringList(list)) throw expected("kubernetes.io.attestations", "lists of strings");
      return [key, list];
    }),
  );
}

function text(object: JSONObject, name: string, path = name): string {
  const value = ownMember(object, name);
  if (typeof value !== "string" || value === "") throw expected(path, "a non-empty string");
  return value;
}

function seconds(object: JSONObject, name: string): number {
  const value = ownMember(object, name);
  if (typeof value !== "number" || !(value >= 0 && value <= lastSecond))
    throw expected(name, "seconds since the epoch");
  return value;
}

/** RFC 7519 section 4.1.3: a lone string is a list of one. */
function audiences(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (!isStringList(value)) throw expected("aud", "a list of strings");
  return value;
}

function isStringList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function expected(path: string, what: string): CountersignError {
  return new CountersignError("ERR_TOKEN_MALFORMED", `token claim ${path}: expected ${what}`);
}
