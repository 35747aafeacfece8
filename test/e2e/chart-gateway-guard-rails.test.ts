import {
  type Contradictions,
  describeGuardRails,
  type Harmless,
  type Malformed,
} from "../charts/guard-rails.ts";
import type { Values } from "../charts/helm.ts";
import { describeWith } from "./requirements.ts";

const fineGateway = {
  enabled: true,
  clientCertificate: { existingSecret: "kubelet-client" },
  tls: { existingSecret: { name: "serving" } },
};
const gateway = (values: object): Values => ({ gateway: { ...fineGateway, ...values } });
const callers = (authentication: object): Values => gateway({ authentication });
const tokenless = { tokenReview: { enabled: false }, clientCAFromConfigMap: false };

const contradictions: Contradictions = [
  [
    "a gateway that kubelets do not know",
    gateway({ clientCertificate: {} }),
    ["gateway.clientCertificate.existingSecret is required", "docs/gateway.md", "CertificateSigningRequest"],
  ],
  [
    "a gateway that tenants cannot verify",
    gateway({ tls: {} }),
    ["needs gateway.tls.existingSecret.name", "docs/gateway.md", "certManager"],
  ],
  [
    "one Secret for kubelets and tenants",
    gateway({ tls: { existingSecret: { name: "kubelet-client" } } }),
    [
      'gateway.clientCertificate.existingSecret and gateway.tls.existingSecret.name are one Secret, "kubelet-client"',
      "docs/gateway.md has a recipe for each",
    ],
  ],
  [
    "the issuer's Secret for kubelets",
    gateway({
      clientCertificate: { existingSecret: "countersign-gateway-serving" },
      tls: { mode: "certManager", certManager: { issuerRef: { name: "ca" } } },
    }),
    ['the Secret that gateway.tls.mode certManager makes are one Secret, "countersign-gateway-serving"'],
  ],
  [
    "a gateway's Secret beside an issuer",
    gateway({ tls: { existingSecret: { name: "serving" }, certManager: { dnsNames: ["a.example"] } } }),
    ["gateway.tls.certManager.dnsNames is set while gateway.tls.mode is existingSecret"],
  ],
  [
    "a gateway's issuer beside a Secret",
    gateway({ tls: { mode: "certManager", existingSecret: { name: "serving" } } }),
    ["gateway.tls.existingSecret.name is set while gateway.tls.mode is certManager"],
  ],
  [
    "a kubelets' CA from two places",
    gateway({ kubeletCA: { configMap: "a", secret: "b" } }),
    ["gateway.kubeletCA names a configMap and a secret: keep one"],
  ],
  [
    "a gateway without a ServiceAccount",
    gateway({ serviceAccount: { create: false } }),
    ["set gateway.serviceAccount.name"],
  ],
  [
    "a gateway's client CA from two places",
    callers({ clientCAFromConfigMap: false, clientCA: { configMap: "a", secret: "b" } }),
    ["gateway.authentication.clientCA names a configMap and a secret: keep one"],
  ],
  [
    "a client CA beside the cluster's",
    callers({ clientCA: { configMap: "a" } }),
    ["clientCA has no use beside clientCAFromConfigMap"],
  ],
  [
    "front proxies named twice",
    callers({ requestHeader: { fromConfigMap: true, ca: { secret: "a" }, allowedNames: ["a"] } }),
    ["requestHeader.ca and fromConfigMap name front proxies twice", "requestHeader.allowedNames goes with"],
  ],
  [
    "front proxies of a CA from two places",
    callers({ requestHeader: { ca: { secret: "a", configMap: "b" }, allowedNames: ["a"] } }),
    ["requestHeader.ca names a configMap and a secret: keep one"],
  ],
  [
    "headers of no front proxy",
    callers({ requestHeader: { usernameHeaders: ["X-Remote-User"] } }),
    ["requestHeader.usernameHeaders goes with requestHeader.ca"],
  ],
  [
    "front proxies without names",
    callers({ requestHeader: { ca: { secret: "a" } } }),
    ["lets whoever has any certificate of that CA be anybody", "list the front proxies"],
  ],
  [
    "an implicit audience that is not asked for",
    callers({ tokenReview: { audiences: ["a"], implicitAudiences: ["b"] } }),
    ['tokenReview.implicitAudiences has "b"', "add it to tokenReview.audiences"],
  ],
  [
    "conditions of nobody anonymous",
    callers({ anonymous: { enabled: false, conditions: [{ path: "/healthz" }] } }),
    ["anonymous has conditions and is not enabled"],
  ],
  ["a gateway that accepts nobody", callers(tokenless), ["gateway.authentication accepts nobody"]],
  [
    "a gateway that gives everything to everybody",
    gateway({ authorization: { mode: "AlwaysAllow" }, authentication: { anonymous: true } }),
    ["gives every pod's log to whoever reaches the port"],
  ],
  [
    "a gateway that gives everything to everybody, in other words",
    gateway({
      ...{ authorization: { mode: "AlwaysAllow" } },
      authentication: { anonymous: { enabled: true, conditions: [{ path: "/healthz" }] } },
    }),
    ["gateway.authorization.mode AlwaysAllow"],
  ],
  [
    "a permission that nobody is asked for",
    gateway({ authorization: { mode: "AlwaysAllow", insecureBackend: "authorize" } }),
    ["insecureBackend authorize asks nobody"],
  ],
  [
    "two listeners of a gateway at one port",
    gateway({ adminPort: 8443 }),
    ["gateway.port and gateway.adminPort are both 8443"],
  ],
  [
    "less time than a gateway's draining takes",
    gateway({ terminationGracePeriodSeconds: 25 }),
    ["gateway.terminationGracePeriodSeconds 25", "lower gateway.drain"],
  ],
  [
    "more gateways at least than at most",
    gateway({ autoscaling: { enabled: true, minReplicas: 9 } }),
    ["gateway.autoscaling.minReplicas is more than gateway.autoscaling.maxReplicas"],
  ],
  [
    "sampling of no traces of a gateway",
    gateway({ tracing: { samplingRatio: 0.5 } }),
    ["gateway.tracing.endpoint"],
  ],
  [
    "a budget of gateways that nobody may use",
    gateway({ podDisruptionBudget: { minAvailable: 2 } }),
    ["gateway.podDisruptionBudget.minAvailable 2 of 2", "lets no node be drained"],
  ],
  [
    "a gateway beside a server on the nodes' network",
    { ...gateway({ hostNetwork: true, adminPort: 9080 }), server: { hostNetwork: true } },
    ["server.port and gateway.port are both 8443 on the nodes' network", "give each its own"],
  ],
  [
    "a gateway beside an agent on the nodes' network",
    {
      ...gateway({ hostNetwork: true, adminPort: 8081 }),
      agent: { enabled: true, hostNetwork: true },
    },
    ["gateway.adminPort and agent.adminPort are both 8081"],
  ],
  [
    "two monitors of one gateway",
    {
      ...gateway({}),
      server: { enabled: false },
      metrics: { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } },
    },
    ["keep one"],
  ],
];

const malformed: Malformed = [
  ["an unknown value of a gateway", gateway({ replicas: 1 }), "'replicas' not allowed"],
  [
    "an unknown mode of authorizing kubelets' paths",
    gateway({ authorization: { kubelet: { mode: "fine" } } }),
    "/gateway/authorization/kubelet/mode",
  ],
  [
    "an unknown interactive path",
    gateway({ kubelet: { interactive: ["debug"] } }),
    "/gateway/kubelet/interactive/0",
  ],
  ["no kubelet's port", gateway({ kubelet: { ports: [] } }), "/gateway/kubelet/ports"],
  [
    "a range that is none",
    gateway({ kubelet: { addressRanges: ["10.0.0.1"] } }),
    "/gateway/kubelet/addressRanges/0",
  ],
  ["an address type that is none", gateway({ kubelet: { addressTypes: ["IP"] } }), "addressTypes/0"],
  ["anonymous paths that are none", callers({ anonymous: { conditions: [] } }), "/authentication/anonymous"],
  [
    "a header that is none",
    callers({ requestHeader: { usernameHeaders: ["X Remote"] } }),
    "/requestHeader/usernameHeaders/0",
  ],
];

const fine: Harmless = {
  "a gateway": gateway({}),
  "a gateway on the nodes' network beside a server that is not": gateway({ hostNetwork: true }),
  "a gateway alone": { ...gateway({}), server: { enabled: false }, selfTest: { enabled: false } },
  "values of a gateway that is off": { gateway: { kubelet: { interactive: ["exec"] } } },
  "a gateway that whoever is authenticated may use": gateway({ authorization: { mode: "AlwaysAllow" } }),
  "a gateway of certificates alone": callers({ tokenReview: { enabled: false } }),
};

await describeWith(["helm"], "the gateway's values of the chart", () =>
  describeGuardRails({ contradictions, malformed, fine }),
);
