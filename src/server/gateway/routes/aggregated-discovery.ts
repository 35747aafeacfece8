import type { APIResource, APIResourceList } from "../../../apis/discovery.ts";

export interface DiscoveredGroup {
  /** Empty for the core group. */
  readonly name: string;
  readonly lists: readonly APIResourceList[];
}

/** In which of its forms a client would have a discovery document. */
export type DiscoveryForm = "plain" | { readonly aggregated: string };

const aggregatedVersions = ["v2", "v2beta1"];
const plainTypes = ["application/json", "application/*", "*/*"];

/** The first form that a client's `Accept` names and that is there; undefined where none is. */
export function discoveryForm(accept: string, isAggregated: boolean): DiscoveryForm | undefined {
  if (accept.trim() === "") return "plain";
  for (const entry of accept.split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim());
    if (!plainTypes.includes(type.toLowerCase())) continue;
    const named = new Map(parameters.map((parameter) => parameter.split("=", 2) as [string, string]));
    const as = named.get("as");
    if (as === undefined) return "plain";
    const version = named.get("v") ?? "";
    const fits = as === "APIGroupDiscoveryList" && named.get("g") === "apidiscovery.k8s.io";
    if (isAggregated && fits && aggregatedVersions.includes(version)) return { aggregated: version };
  }
  return undefined;
}

/** `Content-Type` of an aggregated document: clients tell by it what they got. */
export function aggregatedType(version: string): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

/** An `APIGroupDiscoveryList` of `apidiscovery.k8s.io`: groups, versions and resources in one document. */
export function aggregatedGroups(groups: readonly DiscoveredGroup[], version: string): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, lists }) => ({
      metadata: name === "" ? {} : { name },
      versions: lists.map(({ groupVersion, resources }) => {
        const of = { group: name, version: groupVersion.split("/").at(-1)! };
        return { version: of.version, resources: aggregatedResources(resources, of), freshness: "Current" };
      }),
    })),
  };
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** Subresources stand below their resource, also below one that is not served itself: it has no kind then. */
function aggregatedResources(resources: readonly APIResource[], of: GroupVersion): object[] {
  const names = [...new Set(resources.map(({ name }) => name.split("/")[0]!))];
  return names.map((name) => {
    const main = resources.find((each) => each.name === name);
    const below = resources.filter((each) => each.name.startsWith(`${name}/`));
    return {
      resource: name,
      ...(main !== undefined && { responseKind: { ...of, kind: main.kind } }),
      scope: (main ?? below[0])!.namespaced ? "Namespaced" : "Cluster",
      singularResource: main?.singularName ?? "",
      verbs: main?.verbs ?? [],
      ...(main?.shortNames !== undefined && { shortNames: main.shortNames }),
      ...(below.length > 0 && {
        subresources: below.map(({ name: path, kind, verbs }) => ({
          subresource: path.slice(name.length + 1),
          responseKind: { ...of, kind },
          verbs,
        })),
      }),
    };
  });
}
