import { defined, type JsonObject } from "../objects/api-object.ts";
import { apiVersionOf, type ResourceKind, type ResourceRegistry, verbsOf } from "../objects/resource-kind.ts";

/** What a client learns of the kinds that are served, in both of kube-apiserver's forms. */
export interface Discovery {
  /** `/api` */
  legacyVersions(): JsonObject;
  /** `/apis` */
  groups(): JsonObject;
  /** `/apis/GROUP` */
  group(name: string): JsonObject | undefined;
  /** `/api/v1`, `/apis/GROUP/VERSION` */
  resources(group: string, version: string): JsonObject | undefined;
  /** `/api` and `/apis` as `apidiscovery.k8s.io/v2`, all in one. */
  aggregated(legacy: boolean): JsonObject;
}

export const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export function createDiscovery({ kinds }: ResourceRegistry, serverAddress: () => string): Discovery {
  const groupNames = [...new Set(kinds.map(({ group }) => group))].filter((group) => group !== "").sort();
  const versionsOf = (group: string): string[] => [
    ...new Set(kinds.filter((kind) => kind.group === group).map(({ version }) => version)),
  ];
  const within = (group: string, version: string): ResourceKind[] =>
    kinds
      .filter((kind) => kind.group === group && kind.version === version)
      .sort((one, other) => (one.resource < other.resource ? -1 : 1));
  const groupEntry = (group: string): JsonObject => {
    const versions = versionsOf(group).map((version) => ({
      groupVersion: apiVersionOf({ group, version }),
      version,
    }));
    return { name: group, versions, preferredVersion: versions[0] };
  };
  return {
    legacyVersions: () => ({
      kind: "APIVersions",
      versions: versionsOf(""),
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: serverAddress() }],
    }),
    groups: () => ({ kind: "APIGroupList", apiVersion: "v1", groups: groupNames.map(groupEntry) }),
    group: (name) =>
      groupNames.includes(name) ? { kind: "APIGroup", apiVersion: "v1", ...groupEntry(name) } : undefined,
    resources(group, version) {
      const served = within(group, version);
      if (served.length === 0) return undefined;
      const groupVersion = apiVersionOf({ group, version });
      return {
        kind: "APIResourceList",
        apiVersion: "v1",
        groupVersion,
        resources: served.flatMap(plainResources),
      };
    },
    aggregated: (legacy) => ({
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: (legacy ? [""] : groupNames).map((group) => ({
        metadata: group === "" ? {} : { name: group },
        versions: versionsOf(group).map((version) => ({
          version,
          resources: within(group, version).map(aggregatedResource),
          freshness: "Current",
        })),
      })),
    }),
  };
}

function plainResources(kind: ResourceKind): JsonObject[] {
  const { resource, singular, namespaced, shortNames, categories } = kind;
  const main = { name: resource, singularName: singular, namespaced, kind: kind.kind, verbs: verbsOf(kind) };
  const subresources = (kind.subresources ?? []).map((subresource) => ({
    name: `${resource}/${subresource.name}`,
    singularName: "",
    namespaced,
    ...(subresource.group === kind.group ? {} : { group: subresource.group, version: subresource.version }),
    kind: subresource.kind,
    verbs: subresource.verbs,
  }));
  return [defined({ ...main, shortNames, categories }), ...subresources];
}

function aggregatedResource(kind: ResourceKind): JsonObject {
  const { resource, singular, namespaced, shortNames, categories } = kind;
  const subresources = kind.subresources?.map(({ name, verbs, ...responseKind }) => ({
    subresource: name,
    responseKind: responseKind as JsonObject,
    verbs,
  }));
  return defined({
    resource,
    responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: verbsOf(kind),
    shortNames,
    categories,
    subresources,
  });
}
