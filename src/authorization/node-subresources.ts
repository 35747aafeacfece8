import { verbsByMethod } from "./request-attributes.ts";

/** A path, and the subresources of its node that open it and all below it. */
type Row = readonly [base: string, subresources: readonly string[]];

/** kubernetes/kubernetes pkg/kubelet/server/auth.go, the switch that is always taken. */
const rows: readonly Row[] = [
  ["/stats", ["stats"]],
  ["/metrics", ["metrics"]],
  ["/logs", ["log"]],
  ["/checkpoint", ["checkpoint"]],
  ["/statusz", ["statusz"]],
  ["/flagz", ["configz"]],
];

/** Its switch behind KubeletFineGrainedAuthz (KEP-2862): a name of its own is tried before `proxy`. */
const fineGrainedRows: readonly Row[] = [
  ...rows,
  ["/pods", ["pods", "proxy"]],
  ["/runningpods", ["pods", "proxy"]],
  ["/healthz", ["healthz", "proxy"]],
  ["/configz", ["configz", "proxy"]],
];

const anythingElse: readonly string[] = ["proxy"];

/**
 * The subresources of a node of which one opens this path of its kubelet, in the order in which they are tried. Without
 * `fineGrained` it is what kubelets before KEP-2862 ask for, where most is `proxy`. Source: kubernetes/kubernetes
 * pkg/kubelet/server/auth.go of 1.35 and later.
 */
export function nodeSubresources(path: string, fineGrained: boolean): readonly string[] {
  const row = (fineGrained ? fineGrainedRows : rows).find(([base]) => isKubeletSubpath(path, base));
  return [...(row?.[1] ?? anythingElse)];
}

/** Whether a path is this one or below it, letter by letter: `/runningPods` is not below `/runningpods`. */
export function isKubeletSubpath(path: string, base: string): boolean {
  const bare = base.endsWith("/") ? base.slice(0, -1) : base;
  return path === bare || (path.startsWith(bare) && path[bare.length] === "/");
}

/**
 * The verb that an HTTP method is at a kubelet, or undefined where it is none. HEAD is `get`, as the documentation has it
 * and every API server; a kubelet itself asks for the empty verb, which only `*` grants.
 */
export function kubeletVerb(method: string): string | undefined {
  return Object.hasOwn(verbsByMethod, method) ? verbsByMethod[method] : undefined;
}
