import { dnsLabelRule, dnsSubdomainRule, isDNSLabel, isDNSSubdomain } from "../apis/dns-name.ts";
import { kubeletAnalog } from "../authorization/kubelet-analog.ts";
import type { KubeletAuthorizationMode } from "../authorization/kubelet-authorization.ts";
import { nodeSubresources } from "../authorization/node-subresources.ts";
import { CountersignError } from "../errors.ts";
import {
  clusterGrant,
  namespaceGrant,
  type PolicyRule,
  type RBACObject,
  type RBACSubject,
  roleBinding,
} from "./rbac-objects.ts";

/** The path at a kubelet that each of these is for. */
const kubeletPaths = {
  "kubelet-metrics": "/metrics",
  "kubelet-pods": "/pods",
  "kubelet-healthz": "/healthz",
  "kubelet-configz": "/configz",
  "kubelet-stats": "/stats",
  "kubelet-logs": "/logs",
} as const;

export type AccessPurpose = keyof typeof kubeletPaths | "pod-logs" | "gateway";

/** Everything that can be granted by name. */
export const accessPurposes = [
  "kubelet-metrics",
  "kubelet-pods",
  "kubelet-healthz",
  "kubelet-configz",
  "kubelet-stats",
  "kubelet-logs",
  "pod-logs",
  "gateway",
] as const satisfies readonly AccessPurpose[];

export interface AccessGrantsOptions {
  readonly purpose: AccessPurpose;
  /** Whom it is granted. */
  readonly to: RBACSubject;
  /** Of a kubelet's paths: only at these nodes. Empty: at all. */
  readonly nodes?: readonly string[];
  /** Of `pod-logs`: where. */
  readonly namespace?: string;
  /** Of `pod-logs`: from kubelets whose certificate is not verified, too, where the gateway authorizes that apart. */
  readonly insecureBackend?: boolean;
  /** How the gateway is configured to authorize a kubelet's paths. Default `fineGrained`. */
  readonly mode?: KubeletAuthorizationMode;
}

/**
 * What has to be granted for one purpose, and nothing more: reading at kubelets through the gateway (or straight, where they
 * know the name), reading the logs of a namespace's pods, or being the gateway. The objects are named for purpose and
 * subject, so what is applied later takes the place of what was, a longer list of nodes as well as a shorter one.
 * @throws ERR_USAGE for nodes, a namespace or a mode where they decide nothing, for names that no node or namespace can
 * have, and for `pod-logs` without a namespace.
 */
export function accessGrants(options: AccessGrantsOptions): readonly RBACObject[] {
  const { purpose, to, namespace, insecureBackend = false } = options;
  assertUsed(options);
  const name = `countersign:${purpose}:${nameOf(to)}`;
  if (purpose === "gateway") return gatewayGrant(name, to);
  if (purpose !== "pod-logs") return clusterGrant(name, to, kubeletRules(kubeletPaths[purpose], options));
  if (!namespace) throw usage("--for=pod-logs is for one namespace: --namespace is missing");
  return namespaceGrant(name, namespace, to, [
    // kubectl asks for the pod before it asks for its log
    coreRule(["pods"], ["get"]),
    coreRule(["pods/log"], insecureBackend ? ["get", "skip-tls-verify-backend"] : ["get"]),
  ]);
}

function assertUsed(options: AccessGrantsOptions): void {
  const { purpose, nodes = [], namespace, mode, insecureBackend = false } = options;
  const ofKubelet = purpose in kubeletPaths;
  if (nodes.length > 0 && !ofKubelet) throw usage(`--node decides nothing for --for=${purpose}`);
  if (mode !== undefined && !ofKubelet) throw usage(`--mode decides nothing for --for=${purpose}`);
  if (namespace !== undefined && purpose !== "pod-logs")
    throw usage(`--namespace decides nothing for --for=${purpose}: nodes are in none`);
  if (insecureBackend && purpose !== "pod-logs")
    throw usage(`--insecure-skip-tls-verify-backend decides nothing for --for=${purpose}`);
  for (const node of nodes)
    if (!isDNSSubdomain(node))
      throw usage(
        `--node=${node}: is no node's name, which is ${dnsSubdomainRule}: kubectl get nodes lists them`,
      );
  if (namespace && !isDNSLabel(namespace))
    throw usage(`--namespace=${namespace}: is no namespace's name, which is ${dnsLabelRule}`);
}

function kubeletRules(path: string, { nodes = [], mode = "fineGrained" }: AccessGrantsOptions): PolicyRule[] {
  const [subresource] = nodeSubresources(path, mode !== "coarse");
  const node = coreRule([`nodes/${subresource}`], ["get"]);
  const named = nodes.length === 0 ? node : { ...node, resourceNames: [...new Set(nodes)] };
  return mode === "analog" ? [named, analogRule(path)] : [named];
}

/** By the authorizer's own table, so that neither can forget the other. */
function analogRule(path: string): PolicyRule {
  const analog = kubeletAnalog({ nodeName: "", method: "GET", path })!;
  if ("nonResource" in analog) return { nonResourceURLs: [path, `${path}/*`], verbs: ["get"] };
  return coreRule([analog.resource.resource!], [analog.resource.verb!]);
}

function gatewayGrant(name: string, to: RBACSubject): RBACObject[] {
  return [
    ...clusterGrant(name, to, [
      { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
      { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
      coreRule(["pods"], ["get", "list"]),
      coreRule(["nodes"], ["get"]),
    ]),
    roleBinding(name, "kube-system", to, "extension-apiserver-authentication-reader"),
  ];
}

function coreRule(resources: readonly string[], verbs: readonly string[]): PolicyRule {
  return { apiGroups: [""], resources, verbs };
}

/** RBAC objects may be named by anything but `/` and `%`; users are named by URLs, too. */
function nameOf({ kind, namespace, name }: RBACSubject): string {
  const parts = namespace === undefined ? [name] : [namespace, name];
  const plain = parts.map((part) => part.replace(/[/%=]/g, (character) => `=${hex(character)}`));
  return [kind.toLowerCase(), ...plain].join(":");
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16);
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
