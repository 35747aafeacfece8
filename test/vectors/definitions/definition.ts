import type { Expected } from "../vector.ts";
import type { ReviewName } from "./reviews.ts";
import type { RouteName } from "./routes.ts";
import { account, boundClaims, type Claims } from "./tokens.ts";

export type KeyName = "rsa" | "ec" | "stranger";

export interface TokenDefinition {
  readonly key?: KeyName;
  /** Beside `alg` and `kid`; undefined takes one out. */
  readonly header?: Claims;
  /** A text where its bytes matter. */
  readonly claims?: Claims | string;
  /** Done to the finished token, and how to say that. */
  readonly change?: { readonly made: string; readonly to: (jws: string) => string };
}

export interface VectorDefinition {
  readonly name: string;
  readonly route?: RouteName;
  readonly review?: ReviewName;
  readonly token?: TokenDefinition;
  readonly authorization?: readonly string[];
  readonly expected: Expected;
}

export const username = `system:serviceaccount:${account.namespace}:${account.name}`;

export function accepted(attestedAPIGroup?: string): Expected {
  return {
    outcome: "accepted",
    caller: username,
    ...(attestedAPIGroup === undefined ? {} : { attestedAPIGroup }),
  };
}

export function refused(reason: string): Expected {
  return { outcome: "refused", reason };
}

/** A bound token with these claims exchanged, or with these members of `kubernetes.io`. */
export function withClaims(more: Claims, inner: Claims = {}): TokenDefinition {
  return { claims: boundClaims(more, inner) };
}

export function withPrivateClaims(inner: Claims): TokenDefinition {
  return withClaims({}, inner);
}
