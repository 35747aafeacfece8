import { type ApiObject, isJsonObject, type JsonObject, listAt, objectAt } from "../objects/api-object.ts";

const systemInfo: JsonObject = {
  machineID: "",
  systemUUID: "",
  bootID: "",
  kernelVersion: "",
  osImage: "",
  containerRuntimeVersion: "",
  kubeletVersion: "",
  kubeProxyVersion: "",
  operatingSystem: "",
  architecture: "",
};

/** What of a Node's status is never absent; unlike others' it may be set at creation. */
export function defaultNode(node: ApiObject): ApiObject {
  const status = objectAt(node, "status");
  const endpoint = objectAt(objectAt(status, "daemonEndpoints"), "kubeletEndpoint");
  return {
    ...node,
    spec: objectAt(node, "spec"),
    status: {
      ...status,
      daemonEndpoints: { kubeletEndpoint: { Port: 0, ...endpoint } },
      nodeInfo: { ...systemInfo, ...objectAt(status, "nodeInfo") },
    },
  };
}

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

/** kube-apiserver's admission plugin TaintNodesByCondition: nothing is put on a node before somebody says that it is ready. */
export function taintNewNode(node: ApiObject): ApiObject {
  const spec = objectAt(node, "spec");
  const taints = listAt(spec, "taints").filter(isJsonObject);
  const isThere = taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect);
  return isThere ? node : { ...node, spec: { ...spec, taints: [...taints, notReady] } };
}
