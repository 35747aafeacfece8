/** `meta/v1` of discovery: what an API server says it serves. */

/** One resource of a group version. */
export interface APIResource {
  /** Plural, lower case: as in the path. */
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
}

/** `/apis/GROUP/VERSION`, `/api/v1` */
export interface APIResourceList {
  readonly kind: "APIResourceList";
  readonly apiVersion: "v1";
  readonly groupVersion: string;
  readonly resources: readonly APIResource[];
}

/** A version of a group. */
export interface GroupVersionForDiscovery {
  readonly groupVersion: string;
  readonly version: string;
}

/** `/apis/GROUP`, and without kind and apiVersion an entry of `/apis`. */
export interface APIGroup {
  readonly kind: "APIGroup";
  readonly apiVersion: "v1";
  readonly name: string;
  readonly versions: readonly GroupVersionForDiscovery[];
  readonly preferredVersion: GroupVersionForDiscovery;
}
