import type { SelfSubjectReviewSwitches } from "../../../authentication/self-subject-review.ts";
import { selfSubjectReviewDiscovery } from "../../api/self-subject-reviews.ts";
import { aggregatedGroups, type DiscoveredGroup } from "./aggregated-discovery.ts";

/** What there is to be had of a gateway, by path. */
export interface Discovery {
  /** As one document for each path. */
  readonly documents: ReadonlyMap<string, object>;
  /** `/api` and `/apis` with all in one (apidiscovery.k8s.io). */
  readonly aggregated: ReadonlyMap<string, (version: string) => object>;
}

/** As much of the core group as `kubectl logs` looks for, and what a node is asked by. */
const coreResources = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: "v1",
  resources: [
    { name: "nodes/proxy", singularName: "", namespaced: false, kind: "NodeProxyOptions", verbs: ["get"] },
    {
      name: "pods",
      singularName: "pod",
      namespaced: true,
      kind: "Pod",
      verbs: ["get", "list"],
      shortNames: ["po"],
    },
    { name: "pods/log", singularName: "", namespaced: true, kind: "Pod", verbs: ["get"] },
  ],
} as const;

/** The documents of a gateway that answers these questions of who somebody is. */
export function createDiscovery(switches: SelfSubjectReviewSwitches): Discovery {
  const reviews = selfSubjectReviewDiscovery(switches);
  const { kind: _kind, apiVersion: _apiVersion, ...listed } = reviews?.group ?? {};
  const groups = reviews === undefined ? [] : [listed];
  const core: DiscoveredGroup = { name: "", lists: [coreResources] };
  const others: readonly DiscoveredGroup[] =
    reviews === undefined ? [] : [{ name: reviews.group.name, lists: reviews.resourceLists }];
  return {
    documents: new Map<string, object>([
      ["/api", { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }],
      ["/api/v1", coreResources],
      ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups }],
      ...(reviews === undefined ? [] : [[`/apis/${reviews.group.name}`, reviews.group] as const]),
      ...(reviews?.resourceLists ?? []).map((list) => [`/apis/${list.groupVersion}`, list] as const),
    ]),
    aggregated: new Map([
      ["/api", (version: string) => aggregatedGroups([core], version)],
      ["/apis", (version: string) => aggregatedGroups(others, version)],
    ]),
  };
}
