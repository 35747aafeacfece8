/** A kind that is served, and how: what discovery says of it and what the handlers need to know. */
export interface ResourceKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, lower case: as in the path. */
  readonly resource: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Default: all of {@link storedVerbs}. */
  readonly verbs?: readonly string[];
  readonly subresources?: readonly SubresourceKind[];
  /** Whether metadata.generation counts the changes of everything but metadata and status. */
  readonly hasGeneration?: boolean;
  /** Whether a deletion is answered with the object, as for pods, instead of a Status. */
  readonly returnsDeleted?: boolean;
}

export interface SubresourceKind {
  readonly name: string;
  /** The kind that is sent and answered: `autoscaling/v1 Scale` for `scale`. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** What a stored kind can do, in discovery's order. */
export const storedVerbs: readonly string[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

export function verbsOf(kind: ResourceKind): readonly string[] {
  return kind.verbs ?? storedVerbs;
}

export function isStored(kind: ResourceKind): boolean {
  return kind.verbs === undefined;
}

export function apiVersionOf({
  group,
  version,
}: {
  readonly group: string;
  readonly version: string;
}): string {
  return group === "" ? version : `${group}/${version}`;
}

/** All kinds that are served, found as requests name them. */
export interface ResourceRegistry {
  readonly kinds: readonly ResourceKind[];
  find(group: string, version: string, resource: string): ResourceKind | undefined;
  /** By what a stored object or a reference says of itself. */
  findKind(apiVersion: string, kind: string): ResourceKind | undefined;
}

export function createResourceRegistry(kinds: readonly ResourceKind[]): ResourceRegistry {
  const byPath = new Map(kinds.map((kind) => [pathKey(kind.group, kind.version, kind.resource), kind]));
  const byKind = new Map(kinds.map((kind) => [`${apiVersionOf(kind)}|${kind.kind}`, kind]));
  return {
    kinds,
    find: (group, version, resource) => byPath.get(pathKey(group, version, resource)),
    findKind: (apiVersion, kind) => byKind.get(`${apiVersion}|${kind}`),
  };
}

function pathKey(group: string, version: string, resource: string): string {
  return `${group}/${version}/${resource}`;
}
