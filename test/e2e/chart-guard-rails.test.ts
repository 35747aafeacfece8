import { expect } from "chai";
import {
  type Contradictions,
  describeGuardRails,
  type Harmless,
  type Malformed,
} from "../charts/guard-rails.ts";
import { template, type Values } from "../charts/helm.ts";
import { describeWith } from "./requirements.ts";

const rules = [
  { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
];
const policy = { name: "images", configMap: "policies", rules };
const ruled = (apiGroups: readonly string[], resources: readonly string[]): Values => ({
  policies: [{ ...policy, rules: [{ ...rules[0], apiGroups, resources }] }],
});
const caller = { namespace: "kube-system", name: "webhook-caller" };

const contradictions: Contradictions = [
  [
    "nothing at all",
    { server: { enabled: false } },
    ["server.enabled", "agent.enabled", "gateway.enabled", "set one"],
  ],
  [
    "two TLS modes",
    { tls: { mode: "certManager", existingSecret: { name: "s" } } },
    [
      "tls.existingSecret.name is set while tls.mode is certManager",
      "remove it, or set tls.mode to existingSecret",
    ],
  ],
  [
    "self-signed beside an issuer",
    { tls: { certManager: { issuerRef: { name: "ca" } } } },
    ["tls.certManager.issuerRef", "tls.mode is selfSigned"],
  ],
  [
    "validity of a certificate that is not made",
    { tls: { mode: "certManager", selfSigned: { caValidity: "1h" } } },
    ["tls.selfSigned.caValidity"],
  ],
  [
    "a secret without a name or CA",
    { tls: { mode: "existingSecret" } },
    ["needs tls.existingSecret.name", "needs tls.existingSecret.caBundle"],
  ],
  [
    "two that write caBundle",
    {
      tls: {
        mode: "existingSecret",
        existingSecret: { name: "s", caBundle: "-----BEGIN CERTIFICATE-----", annotations: { a: "b" } },
      },
    },
    ["would both write caBundle: keep one"],
  ],
  [
    "a caBundle in base64",
    { tls: { mode: "existingSecret", existingSecret: { name: "s", caBundle: "LS0t" } } },
    ["is no PEM"],
  ],
  [
    "self-signed without a ServiceAccount",
    { serviceAccount: { create: false } },
    ["set serviceAccount.name", '"default"'],
  ],
  [
    "enforce with nobody to accept",
    { mode: "enforce" },
    ["authentication.webhookTokens.serviceAccounts", "mode observe"],
  ],
  [
    "one policy that enforces with nobody to accept",
    { policies: [{ ...policy, mode: "enforce" }] },
    ["mode enforce would refuse everybody"],
  ],
  [
    "enforce without any way to authenticate",
    { mode: "enforce", authentication: { webhookTokens: { enabled: false } } },
    ["authentication.clientCertificates.names"],
  ],
  [
    "callers of tokens that are not accepted",
    { authentication: { webhookTokens: { enabled: false, serviceAccounts: [caller] } } },
    ["authentication.webhookTokens.enabled is false", "set it to true"],
  ],
  [
    "aggregated servers only, and a caller",
    { authentication: { webhookTokens: { aggregatedOnly: true, serviceAccounts: [caller] } } },
    ["keep one of them"],
  ],
  [
    "reviews of tokens that are not accepted",
    { authentication: { webhookTokens: { enabled: false }, tokenReview: { enabled: true } } },
    ["authentication.tokenReview has no token"],
  ],
  ["tokens of no issuer", { issuers: [] }, ["issuers is empty", "{name: cluster}"]],
  [
    "names of certificates without a CA",
    { authentication: { clientCertificates: { names: ["kube-apiserver"] } } },
    ["ca.configMap or .secret"],
  ],
  [
    "a CA without names",
    { authentication: { clientCertificates: { ca: { secret: "ca" } } } },
    ["list authentication.clientCertificates.names"],
  ],
  [
    "a CA from two places",
    { authentication: { clientCertificates: { names: ["a"], ca: { secret: "ca", configMap: "ca" } } } },
    ["keep one"],
  ],
  ["a server of nothing", { selfTest: { enabled: false } }, ["would serve nothing", "name a policy"]],
  [
    "a policy from nowhere",
    { policies: [{ name: "a", rules }] },
    ["policies[0] needs exactly one of", "has none"],
  ],
  [
    "a policy from two places",
    { policies: [{ ...policy, source: "x" }] },
    ["exactly one of builtIn, configMap and source", "configMap, source"],
  ],
  ["a policy without a name", { policies: [{ configMap: "a", rules }] }, ["policies[0].name is required"]],
  [
    "an unknown built-in",
    { policies: [{ builtIn: "images" }] },
    ['"images" is not known', "trusted-registries"],
  ],
  [
    "a policy without rules",
    { policies: [{ name: "a", configMap: "a" }] },
    ["policies[0].rules is required"],
  ],
  [
    "parameters of a file",
    { policies: [{ ...policy, parameters: { a: 1 } }] },
    ["parameters are for a built-in"],
  ],
  [
    "a file of no ConfigMap",
    { policies: [{ builtIn: "trusted-registries", file: "a.ts" }] },
    ["policies[0].file is the key of a configMap"],
  ],
  [
    "reinvocation of what does not mutate",
    { policies: [{ ...policy, reinvocationPolicy: "IfNeeded" }] },
    ["set mutating to true"],
  ],
  ["two policies of one name", { policies: [policy, policy] }, ['two policies are called "images"']],
  [
    "two built-ins of one name",
    { policies: [{ builtIn: "trusted-registries" }, { builtIn: "trusted-registries" }] },
    ['two policies are called "trusted-registries"'],
  ],
  ["a policy named as the self-test", { policies: [{ ...policy, name: "self-test" }] }, ['"self-test"']],
  [
    "two paths at one port",
    {
      policies: [
        { ...policy, port: 445 },
        { ...policy, name: "other" },
      ],
    },
    ["Service port 445", '"images"', '"other"'],
  ],
  [
    "a policy at the self-test's port",
    { policies: [{ ...policy, port: 443 }] },
    ["Service port 443", '"self-test"'],
  ],
  ["every group", ruled(["*"], ["pods"]), ['apiGroups "*"', "name the groups"]],
  [
    "token reviews",
    ruled(["authentication.k8s.io"], ["tokenreviews"]),
    ["tokenreviews", "leave these groups out"],
  ],
  [
    "access reviews",
    ruled(["authorization.k8s.io"], ["subjectaccessreviews"]),
    ["subjectaccessreviews", "leave these groups out"],
  ],
  [
    "token requests",
    ruled([""], ["serviceaccounts/token"]),
    ["serviceaccounts/token", "name other resources"],
  ],
  ["token requests among all", ruled(["", "apps"], ["*/*"]), ['"*/*" matches serviceaccounts/token']],
  ["token requests by their resource", ruled([""], ["serviceaccounts/*"]), ["matches serviceaccounts/token"]],
  [
    "Fail of a policy without replicas",
    { policies: [{ ...policy, failurePolicy: "Fail" }], server: { replicaCount: 0 } },
    ["policies[0].failurePolicy is Fail and server.replicaCount is 0", "use Ignore"],
  ],
  [
    "Fail without replicas",
    { webhooks: { failurePolicy: "Fail" }, server: { replicaCount: 0 } },
    ["webhooks.failurePolicy is Fail and server.replicaCount is 0"],
  ],
  [
    "enforce without replicas",
    {
      mode: "enforce",
      policies: [policy],
      server: { replicaCount: 0 },
      authentication: { serviceAccounts: [caller] },
    },
    ["mode enforce means failurePolicy Fail", "set replicas"],
  ],
  [
    "two listeners at one port",
    { server: { port: 8080 } },
    ["server.port and server.adminPort are both 8080"],
  ],
  [
    "less time than draining takes",
    { server: { terminationGracePeriodSeconds: 25 } },
    ["25 ends a server that still drains for 25 s", "lower server.drain"],
  ],
  [
    "more at least than at most",
    { autoscaling: { enabled: true, minReplicas: 9 } },
    ["autoscaling.minReplicas"],
  ],
  [
    "a monitor of no Service",
    { metrics: { service: { enabled: false }, serviceMonitor: { enabled: true } } },
    ["set metrics.service.enabled"],
  ],
  [
    "two monitors of one server",
    { metrics: { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } } },
    ["keep one"],
  ],
  ["sampling of no traces", { server: { tracing: { samplingRatio: 0.5 } } }, ["server.tracing.endpoint"]],
  ["a budget that nobody may use", { podDisruptionBudget: { minAvailable: 2 } }, ["lets no node be drained"]],
  [
    "an agent without a ServiceAccount",
    { agent: { enabled: true, serviceAccount: { create: false } } },
    ["set agent.serviceAccount.name"],
  ],
  [
    "an agent that attests nothing",
    { agent: { enabled: true, apiGroup: "" } },
    ["agent.apiGroup is required"],
  ],
  [
    "audiences of attested tokens",
    { agent: { enabled: true, audiences: ["a"] } },
    ["agent.audiences goes with agent.mode audience"],
  ],
  [
    "sampling of no traces of an agent",
    { agent: { enabled: true, tracing: { samplingRatio: 0.5 } } },
    ["agent.tracing.endpoint"],
  ],
  [
    "an agent whose tokens are not accepted",
    { agent: { enabled: true }, authentication: { webhookTokens: { enabled: false } } },
    ["the agent gives out webhook-bound tokens", "agent.mode to audience"],
  ],
];

const malformed: Malformed = [
  ["an unknown value", { replicas: 3 }, "'replicas' not allowed"],
  ["an unknown value below", { server: { replicas: 3 } }, "'replicas' not allowed"],
  ["an unknown field of a policy", { policies: [{ ...policy, rule: [] }] }, "'rule' not allowed"],
  [
    "an unknown field of a rule",
    { policies: [{ ...policy, rules: [{ ...rules[0], group: "a" }] }] },
    "'group' not allowed",
  ],
  ["an unknown mode", { mode: "off" }, "/mode"],
  ["an unknown TLS mode", { tls: { mode: "none" } }, "/tls/mode"],
  ["a text for a number", { server: { replicaCount: "3" } }, "/server/replicaCount"],
  ["a number for a text", { server: { extraArgs: [1] } }, "/server/extraArgs/0"],
  ["a port that is none", { server: { port: 70_000 } }, "/server/port"],
  [
    "a timeout beyond what an API server waits",
    { webhooks: { timeoutSeconds: 31 } },
    "/webhooks/timeoutSeconds",
  ],
  ["the same of a policy", { policies: [{ ...policy, timeoutSeconds: 31 }] }, "/policies/0/timeoutSeconds"],
  ["no timeout", { webhooks: { timeoutSeconds: 0 } }, "/webhooks/timeoutSeconds"],
  ["a name that is no path's", { policies: [{ ...policy, name: "Images/1" }] }, "/policies/0/name"],
  ["a file outside of its ConfigMap", { policies: [{ ...policy, file: "../a.ts" }] }, "/policies/0/file"],
  ["a duration that is none", { server: { leeway: "1 minute" } }, "/server/leeway"],
  ["a digest that is none", { image: { digest: "sha256:1" } }, "/image/digest"],
  ["a caller without a namespace", { authentication: { serviceAccounts: [{ name: "a" }] } }, "namespace"],
  ["a label that is none", { commonLabels: { a: 1 } }, "/commonLabels/a"],
  [
    "a selector that is none",
    { policies: [{ ...policy, objectSelector: { labels: {} } }] },
    "'labels' not allowed",
  ],
  [
    "an operation that is none",
    { policies: [{ ...policy, rules: [{ ...rules[0], operations: ["create"] }] }] },
    "operations/0",
  ],
  [
    "a rule without resources",
    { policies: [{ ...policy, rules: [{ ...rules[0], resources: [] }] }] },
    "resources",
  ],
  [
    "a parameter that a built-in has not",
    { policies: [{ builtIn: "trusted-registries", parameters: { registry: "a.example" } }] },
    "'registry' not allowed",
  ],
  [
    "a registry that is none",
    { policies: [{ builtIn: "trusted-registries", parameters: { registries: ["https://a.example"] } }] },
    "/policies/0/parameters/registries/0",
  ],
  ["a folder that is none", { agent: { hostPath: "run" } }, "/agent/hostPath"],
  [
    "an alert that is none",
    { metrics: { prometheusRule: { disabled: ["Slow"] } } },
    "/metrics/prometheusRule/disabled/0",
  ],
];

const fine: Harmless = {
  "enforce for aggregated API servers": {
    mode: "enforce",
    authentication: { webhookTokens: { aggregatedOnly: true } },
  },
  "enforce with an agent": { mode: "enforce", agent: { enabled: true } },
  "no replicas, and nobody refused": { server: { replicaCount: 0 }, policies: [policy] },
  "no replicas said, and autoscaling": {
    ...{ server: { replicaCount: 0 }, autoscaling: { enabled: true } },
    webhooks: { failurePolicy: "Fail" },
  },
  "resources of the core group without subresources": ruled([""], ["*"]),
  "another group's subresources": ruled(["apps"], ["*/*"]),
  "an injector that is not cert-manager's": {
    tls: {
      mode: "existingSecret",
      existingSecret: { name: "s", annotations: { "ca.example.com/inject": "s" } },
    },
  },
  "a policy without the self-test": {
    selfTest: { enabled: false },
    policies: [{ ...policy, port: 443 }],
  },
};

await describeWith(["helm"], "values of the chart", () => {
  describeGuardRails({ contradictions, malformed, fine });

  it("that contradict are all said at once", async () => {
    const { stderr } = await template({ mode: "enforce", issuers: [], tls: { mode: "existingSecret" } });
    expect([...stderr.matchAll(/^ {2}- /gm)].length).to.equal(4);
  });
});
