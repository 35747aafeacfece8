import type { Values } from "./helm.ts";

const source = `import { definePolicy } from "countersign";
export default definePolicy({
  name: "labels",
  match: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }],
  mutate(review) {
    review.object.metadata.labels = { ...review.object.metadata.labels, reviewed: "yes" };
  },
});
`;

const deployments = [
  {
    apiGroups: ["apps"],
    apiVersions: ["v1"],
    operations: ["CREATE"],
    resources: ["deployments"],
    scope: "Namespaced",
  },
];

const certificate = `-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIUUITBAqHEpT+JJILNkbdsTm8IxUUwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKZXhhbXBsZS1jYTAgFw0yNjExMjExNjQ5MTlaGA8yMTI2MTAy
ODE2NDkxOVowFTETMBEGA1UEAwwKZXhhbXBsZS1jYTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABP5qV+e9ZfKVhEWqkAhjYKo6f7ZNVjtZuicnErzILUmnrFbhhlHx
yR7qn5MdJVNx5AIjQSqYp+JqRSYUHNBvYe6jUzBRMB0GA1UdDgQWBBSn8a9ankH+
dKBdz/Qbnw3cv/oNCjAfBgNVHSMEGDAWgBSn8a9ankH+dKBdz/Qbnw3cv/oNCjAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCXeB7ygiMem52XWP18
RGpK7Iqtq7MfMSpcgaHMu5+jbAIgJqiOiiDdBDry2aTMLV1a81u8Qrf3apAX/0Li
F14jR+w=
-----END CERTIFICATE-----
`;

const kubeletClient = { clientCertificate: { existingSecret: "kubelet-client" } };

/** What the chart is rendered with, by the name of its golden file. */
export const cases: Readonly<Record<string, Values>> = {
  defaults: {},
  "built-in": { policies: [{ builtIn: "trusted-registries" }] },
  policies: {
    policies: [
      {
        builtIn: "trusted-registries",
        parameters: { registries: ["registry.example.com/team/"] },
        namespaceSelector: { matchLabels: { team: "shop" } },
        mode: "observe",
      },
      { name: "images", configMap: "policies", file: "images.ts", rules: deployments, port: 8444 },
      {
        ...{ name: "labels", mutating: true, source, rules: deployments, timeoutSeconds: 4 },
        failurePolicy: "Fail",
        objectSelector: { matchExpressions: [{ key: "plain", operator: "DoesNotExist" }] },
        matchConditions: [
          { name: "by-people", expression: "!request.userInfo.username.startsWith('system:')" },
        ],
      },
    ],
    webhooks: { excludedNamespaces: ["network-system"] },
  },
  enforce: {
    mode: "enforce",
    policies: [{ builtIn: "trusted-registries" }],
    authentication: {
      webhookTokens: { serviceAccounts: [{ namespace: "kube-system", name: "webhook-caller" }] },
      tokenReview: { enabled: true },
    },
  },
  agent: { agent: { enabled: true, tokenFiles: { enabled: true } }, mode: "enforce" },
  "agent-alone": {
    server: { enabled: false },
    agent: { enabled: true, mode: "audience", hostNetwork: true },
  },
  "cert-manager": { tls: { mode: "certManager" } },
  "existing-secret": {
    tls: { mode: "existingSecret", existingSecret: { name: "serving", caBundle: certificate } },
    authentication: {
      webhookTokens: { enabled: false },
      clientCertificates: { names: ["kube-apiserver"], ca: { configMap: "client-ca" } },
    },
  },
  gateway: {
    gateway: { enabled: true, ...kubeletClient, tls: { existingSecret: { name: "gateway-serving" } } },
  },
  "gateway-alone": {
    server: { enabled: false },
    gateway: {
      ...{ enabled: true, ...kubeletClient, kubeletCA: { configMap: "kubelet-ca", key: "bundle.crt" } },
      tls: {
        ...{ mode: "certManager", minVersion: "TLSv1.3" },
        certManager: { dnsNames: ["kubelets.example.com"], ipAddresses: ["192.0.2.10"] },
      },
      authentication: {
        clientCAFromConfigMap: false,
        clientCA: { secret: "tenants-ca" },
        requestHeader: {
          ca: { configMap: "front-proxy-ca" },
          ...{ allowedNames: ["front-proxy"], usernameHeaders: ["X-Remote-User"] },
          ...{ groupHeaders: ["X-Remote-Group"], extraHeaderPrefixes: ["X-Remote-Extra-"] },
        },
        tokenReview: { audiences: ["https://kubelets.example.com"], cacheTTL: "30s" },
        anonymous: { enabled: true, conditions: [{ path: "/healthz" }] },
        impersonation: false,
      },
      authorization: {
        ...{ kubelet: { mode: "analog" }, insecureBackend: "authorize" },
        ...{ authorizedTTL: "1m", unauthorizedTTL: "10s", alwaysAllowPaths: [], alwaysAllowGroups: [] },
      },
      kubelet: {
        ...{ nodeNames: "ignore", addressTypes: ["InternalIP"], addressRanges: ["10.0.0.0/8", "fd00::/8"] },
        ...{ ports: [10_250, 10_251], interactive: ["exec"], timeout: "5s" },
      },
      selfSubjectReviews: { selfSubjectAttributesReview: false },
      service: { type: "LoadBalancer", port: 6443, annotations: { "example.com/a": "b" } },
      networkPolicy: { enabled: true, from: [{ namespaceSelector: {} }] },
    },
    metrics: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } },
  },
  everything: {
    enabled: true,
    commonLabels: { team: "platform" },
    commonAnnotations: { "example.com/owner": "platform" },
    imagePullSecrets: [{ name: "pull" }],
    image: { registry: "registry.example.com", digest: `sha256:${"a".repeat(64)}` },
    extraObjects: [
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Release.Name }}-more'}}",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "further" } },
    ],
    policies: [{ builtIn: "trusted-registries" }],
    server: {
      ...{
        logLevel: "debug",
        leeway: "30s",
        hostNetwork: true,
        priorityClassName: "system-cluster-critical",
      },
      ...{ runtimeClassName: "plain", revisionHistoryLimit: 2 },
      limits: { deadline: "10s", maxBodyBytes: 8_388_608 },
      tracing: { endpoint: "http://otel.example.com:4318", samplingRatio: 0 },
      podLabels: { color: "green" },
      podAnnotations: { "sidecar.istio.io/inject": "false" },
      nodeSelector: { "kubernetes.io/os": "linux" },
      tolerations: [{ operator: "Exists" }],
      dnsConfig: { options: [{ name: "ndots", value: "1" }] },
      topologySpreadConstraints: [
        {
          ...{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" },
          labelSelector: { matchLabels: { "app.kubernetes.io/name": "countersign" } },
        },
      ],
      affinity: { nodeAffinity: {} },
      extraEnv: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=160" }],
      extraEnvFrom: [{ configMapRef: { name: "environment", optional: true } }],
      extraVolumes: [{ name: "more", emptyDir: {} }],
      extraVolumeMounts: [{ name: "more", mountPath: "/more" }],
    },
    autoscaling: { enabled: true, behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } },
    podDisruptionBudget: { minAvailable: 1 },
    networkPolicy: {
      enabled: true,
      webhookFrom: [{ ipBlock: { cidr: "10.0.0.0/8" } }],
      metricsFrom: [{ namespaceSelector: {} }],
      extraEgress: [{ ports: [{ port: 4318, protocol: "TCP" }] }],
    },
    service: { ipFamilyPolicy: "PreferDualStack", annotations: { "example.com/a": "b" } },
    serviceAccount: { name: "reviewer", annotations: { "example.com/role": "reviewer" } },
    metrics: {
      serviceMonitor: { enabled: true, scrapeTimeout: "10s", labels: { release: "prometheus" } },
      prometheusRule: {
        enabled: true,
        disabled: ["CountersignSlow"],
        runbookURL: "https://runbooks.example.com/#",
      },
      dashboard: { enabled: true },
    },
    agent: { enabled: true, tracing: { endpoint: "http://otel.example.com:4318" } },
    gateway: {
      ...{ enabled: true, ...kubeletClient, tls: { existingSecret: { name: "gateway-serving" } } },
      ...{ logLevel: "debug", hostNetwork: true, port: 9443, adminPort: 9080 },
      ...{ runtimeClassName: "plain", revisionHistoryLimit: 2 },
      kubeletCA: { secret: "kubelet-ca" },
      authentication: { requestHeader: { fromConfigMap: true } },
      tracing: { endpoint: "http://otel.example.com:4318", samplingRatio: 0.5 },
      ...{ podLabels: { color: "blue" }, podAnnotations: { "sidecar.istio.io/inject": "false" } },
      ...{ tolerations: [{ operator: "Exists" }], affinity: { nodeAffinity: {} } },
      autoscaling: { enabled: true, behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } },
      podDisruptionBudget: { minAvailable: 1 },
      networkPolicy: {
        ...{ enabled: true, from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] },
        metricsFrom: [{ namespaceSelector: {} }],
        extraEgress: [{ ports: [{ port: 4318, protocol: "TCP" }] }],
      },
      service: { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4"] },
      serviceAccount: { name: "gateway", annotations: { "example.com/role": "gateway" } },
      extraEnv: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=160" }],
      extraVolumes: [{ name: "more", emptyDir: {} }],
      extraVolumeMounts: [{ name: "more", mountPath: "/more" }],
      extraContainers: [{ name: "beside", image: "beside:1" }],
    },
  },
};
