import { poll } from "../rig/poll.ts";
import { chart, type Helm, release, releaseNamespace } from "./helm.ts";
import { namespace, policiesConfigMap } from "./policy-objects.ts";
import type { SharedNode } from "./shared-node.ts";

export type Values = Readonly<Record<string, unknown>>;

/** `server` for suites that do not look at how servers end, so that they need not wait for it either. */
export const endsAtOnce = { drain: { delaySeconds: 0 } };

/** What Helm printed. @throws where it ends with another code than 0, with what it said */
export async function strictHelm(helm: Helm, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await helm(args, input);
  if (code !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

/** Installs the release, or changes its values, and waits until its pods are ready. What Helm printed, NOTES included. */
export function install(
  node: SharedNode,
  values: Values = {},
  flags: readonly string[] = [],
): Promise<string> {
  return strictHelm(
    node.helm,
    [
      ...["upgrade", "--install", release, chart, `--namespace=${releaseNamespace}`, "--create-namespace"],
      ...["--wait", "--timeout=3m", "--values=-", ...flags],
    ],
    JSON.stringify(values),
  );
}

/** Takes the release away, and both namespaces with what others put there. */
export async function uninstall(node: SharedNode): Promise<void> {
  await node.helm(["uninstall", release, `--namespace=${releaseNamespace}`, "--ignore-not-found", "--wait"]);
  const flags = ["--ignore-not-found", "--wait", "--timeout=90s"];
  await node.kubectl(["delete", "namespace", releaseNamespace, namespace, ...flags]);
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number; readonly containerID: string }[];
  };
}

/** The server's pods that are not on their way out. */
export async function serverPods(node: SharedNode): Promise<readonly Pod[]> {
  return (await allServerPods(node)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Those that were replaced serve on for a while, and finish what is in flight. */
export async function untilGone(node: SharedNode, uids: readonly string[]): Promise<void> {
  await poll(
    "the replaced servers to be gone",
    async () => !(await allServerPods(node)).some(({ metadata }) => uids.includes(metadata.uid)) || undefined,
    { timeoutMs: 90_000, intervalMs: 500 },
  );
}

async function allServerPods(node: SharedNode): Promise<readonly Pod[]> {
  const selector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=server`;
  const list = await node.kubectl([
    ...["get", "pods", `--namespace=${releaseNamespace}`, `--selector=${selector}`, "--output=json"],
  ]);
  return (JSON.parse(list) as { items: readonly Pod[] }).items;
}

export function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

/**
 * The namespaces that a suite needs: the release's, with what the release finds there, and the one whose objects are judged.
 * The agent alone needs more of its namespace than PodSecurity's `restricted` gives.
 */
export async function prepareNamespaces(
  node: SharedNode,
  level: "restricted" | "privileged" = "restricted",
): Promise<void> {
  for (const name of [namespace, releaseNamespace]) await node.kubectl(["create", "namespace", name]);
  await enforcePodSecurity(node, level);
  await node.kubectl(["create", "-f", "-"], policiesConfigMap(releaseNamespace));
}

/** The release's namespace takes only Pods of this level from now on. */
export async function enforcePodSecurity(
  node: SharedNode,
  level: "restricted" | "privileged",
): Promise<void> {
  await node.kubectl([
    ...["label", "--overwrite", "namespace", releaseNamespace],
    `pod-security.kubernetes.io/enforce=${level}`,
  ]);
}
