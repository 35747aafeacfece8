/** Where objects are judged: neither kube-system nor the release's own namespace. */
export const namespace = "apps";

/** A policy of one's own, in TypeScript: a ConfigMap named like this is a setting only with a label that says whose. */
const labelPolicy = (denial: string): string => `import { definePolicy } from "countersign";

interface ConfigMap {
  metadata: { labels?: Record<string, string> };
}

export default definePolicy<ConfigMap>({
  name: "owner-named",
  match: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
  validate: (review) =>
    review.object.metadata.labels?.owner !== undefined || review.deny(${JSON.stringify(denial)}),
});
`;
export const labelDenial = "a ConfigMap needs a label that names its owner";

/** As a chart's value: the policy above from a ConfigMap that the release finds there. */
export const labelPolicyValue = {
  name: "owner-named",
  configMap: "our-policies",
  file: "owner-named.ts",
  failurePolicy: "Fail",
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
};

export const policiesConfigMap = (releaseNamespace: string, denial = labelDenial): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "our-policies", namespace: releaseNamespace },
  data: { "owner-named.ts": labelPolicy(denial) },
});

export function configMap(name: string, labels: Readonly<Record<string, string>> = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels } };
}

export function pod(name: string, image: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "main", image, imagePullPolicy: "Never" }] },
  };
}

export const trusted = "registry.example.com/team/app:1";
export const strange = "elsewhere.example.com/app:1";

/** As a chart's value: the built-in policy, for Pods of the namespace above. */
export const registriesValue = {
  builtIn: "trusted-registries",
  parameters: { registries: ["registry.example.com/team/"] },
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
};

/** What to ask of a release with that policy. */
export const podLoad = {
  path: `/api/v1/namespaces/${namespace}/pods`,
  admitted: pod("load", trusted),
  denied: pod("load", strange),
  denial: strange,
};
