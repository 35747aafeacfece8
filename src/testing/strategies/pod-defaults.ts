import { isJsonObject, type JsonObject, listAt, stringAt } from "../objects/api-object.ts";

/** What k8s.io/kubernetes pkg/apis/core/v1/defaults.go adds to a pod's spec, of the parts that every pod has. */
export function defaultPodSpec(spec: JsonObject): JsonObject {
  const account = stringAt(spec, "serviceAccountName");
  const containers = listAt(spec, "containers").filter(isJsonObject).map(defaultContainer);
  return {
    dnsPolicy: "ClusterFirst",
    restartPolicy: "Always",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    ...spec,
    ...(account === undefined ? {} : { serviceAccount: account }),
    containers,
  };
}

function defaultContainer(container: JsonObject): JsonObject {
  const ports = listAt(container, "ports").filter(isJsonObject);
  return {
    imagePullPolicy: pullPolicyOf(stringAt(container, "image") ?? ""),
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    ...container,
    ...(ports.length === 0 ? {} : { ports: ports.map((port) => ({ protocol: "TCP", ...port })) }),
  };
}

/** Always for an image that is tagged `latest` or not at all. */
function pullPolicyOf(image: string): string {
  const [, tag] = /^(?:[^/]*\/)*[^/:@]+(?::([^@]+))?/.exec(image) ?? [];
  return !image.includes("@") && (tag === undefined || tag === "latest") ? "Always" : "IfNotPresent";
}
