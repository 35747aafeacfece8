import type { ResourceKind } from "./resource-kind.ts";

/** A kind of the user's own, stored like any other: what an aggregated server or a CustomResourceDefinition would serve. */
export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, lower case. Default: the kind in lower case with an `s`. */
  readonly resource?: string;
  /** Default true. */
  readonly namespaced?: boolean;
  readonly shortNames?: readonly string[];
}

/** The kind as the registry keeps it. */
export function customKind({ group, version, kind, ...rest }: CustomKind): ResourceKind {
  const singular = kind.toLowerCase();
  const { resource = `${singular}s`, namespaced = true, shortNames } = rest;
  const names = shortNames === undefined ? {} : { shortNames };
  return { group, version, kind, resource, singular, namespaced, hasGeneration: true, ...names };
}
