import { type ApiObject, isJsonObject, type JsonObject, objectAt } from "../objects/api-object.ts";

const toleration = (key: string): JsonObject => ({
  effect: "NoExecute",
  key: `node.kubernetes.io/${key}`,
  operator: "Exists",
  tolerationSeconds: 300,
});

/**
 * What kube-apiserver's default admission plugins add to a new pod: ServiceAccount its name, Priority the lowest there
 * is, DefaultTolerationSeconds five minutes on a node that is lost. No token volume, for no kubelet mounts it, and the
 * ServiceAccount need not exist.
 */
export function admitPod(pod: ApiObject): ApiObject {
  if (!isJsonObject(pod.spec)) return pod;
  const spec = objectAt(pod, "spec");
  const account = spec.serviceAccountName || "default";
  return {
    ...pod,
    spec: {
      preemptionPolicy: "PreemptLowerPriority",
      priority: 0,
      tolerations: ["not-ready", "unreachable"].map(toleration),
      ...spec,
      serviceAccountName: account,
      serviceAccount: account,
    },
  };
}
