import type { NonResourceAttributes, ResourceAttributes } from "../apis/authorization.ts";
import type { KubeletRequest } from "./kubelet-authorizer.ts";
import { isKubeletSubpath } from "./node-subresources.ts";

/** What a request of a kubelet would be if it were made of the API server: one of the two. */
export type KubeletAnalog =
  | { readonly resource: ResourceAttributes }
  | { readonly nonResource: NonResourceAttributes };

/** What is about a container, by the first segment of its path; `uid` where the pod's may stand before the container's name. */
interface PodRow {
  readonly verb: string;
  readonly subresource: string;
  readonly uid: boolean;
  readonly container: boolean;
}

const podRows: Readonly<Record<string, PodRow>> = {
  containerLogs: { verb: "get", subresource: "log", uid: false, container: true },
  exec: { verb: "create", subresource: "exec", uid: true, container: true },
  run: { verb: "create", subresource: "exec", uid: true, container: true },
  attach: { verb: "create", subresource: "attach", uid: true, container: true },
  portForward: { verb: "create", subresource: "portforward", uid: true, container: false },
};

const podLists: readonly string[] = ["/pods", "/pods/", "/runningpods", "/runningpods/"];

/** Paths that are no resource at an API server either, and all below them. */
const nonResourcePaths: readonly string[] = [
  ...["/healthz", "/logs", "/metrics", "/stats", "/configz", "/debug", "/flagz", "/statusz"],
];

const readMethods: readonly string[] = ["GET", "HEAD"];

/**
 * What the seed of KEP-2862 asks for beside permission on the node: the same question in the words of the API, or the path
 * as a non-resource one with the lower-case HTTP method as its verb. The table is ours, upstream has none.
 *
 * | path at the kubelet | analog |
 * |---|---|
 * | `/containerLogs/NS/POD/CONTAINER`, read | `get pods/log` of that pod |
 * | `/exec/NS/POD[/UID]/CONTAINER`, `/run/…` | `create pods/exec` of that pod |
 * | `/attach/NS/POD[/UID]/CONTAINER` | `create pods/attach` of that pod |
 * | `/portForward/NS/POD[/UID]` | `create pods/portforward` of that pod |
 * | `/pods`, `/runningpods`, read | `list pods` in all namespaces, with the field selector `spec.nodeName=NODE` |
 * | `/healthz`, `/logs`, `/metrics`, `/stats`, `/configz`, `/debug`, `/flagz`, `/statusz` and below | that path |
 *
 * @returns undefined for everything else, `/checkpoint` among it: nothing in the API says who may do that, so nobody may.
 */
export function kubeletAnalog({ nodeName, method, path }: KubeletRequest): KubeletAnalog | undefined {
  if (nonResourcePaths.some((base) => isKubeletSubpath(path, base)))
    return { nonResource: { path, verb: method.toLowerCase() } };
  const isRead = readMethods.includes(method);
  if (podLists.includes(path)) return isRead ? podsOfNode(nodeName) : undefined;
  const [, kind = "", ...names] = path.split("/");
  const row = Object.hasOwn(podRows, kind) ? podRows[kind] : undefined;
  if (row === undefined || names.includes("") || !fits(row, names.length)) return undefined;
  if (row.verb === "get" && !isRead) return undefined;
  return podSubresource(row, names[0]!, names[1]!);
}

function fits({ uid, container }: PodRow, names: number): boolean {
  const fewest = container ? 3 : 2;
  return names === fewest || (uid && names === fewest + 1);
}

function podSubresource({ verb, subresource }: PodRow, namespace: string, name: string): KubeletAnalog {
  return { resource: { namespace, verb, group: "", version: "v1", resource: "pods", subresource, name } };
}

/** RBAC does not look at selectors; authorizers that do (1.32 and later) may grant the pods of one node alone. */
function podsOfNode(nodeName: string): KubeletAnalog {
  const fieldSelector = { rawSelector: `spec.nodeName=${nodeName.replace(/[\\,=]/g, "\\$&")}` };
  return { resource: { verb: "list", group: "", version: "v1", resource: "pods", fieldSelector } };
}
