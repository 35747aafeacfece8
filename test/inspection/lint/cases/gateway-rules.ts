import { gateway, type RuleCase } from "../lint-rig.ts";

const range = (...addressRanges: readonly string[]) => gateway({}, { addressRanges });

const nearRanges = {
  "the loopback network": "127.0.0.0/8",
  "a part of it": "127.0.0.1/32",
  everything: "0.0.0.0/0",
  "IPv6's loopback": "::1/128",
  "every IPv6 address": "::/0",
  "a cloud's metadata": "169.254.169.254/32",
  "IPv6's link-local addresses": "fe80::/16",
};

export const gatewayCases: readonly RuleCase[] = [
  {
    code: "gateway-always-allow",
    name: "for users",
    given: [gateway({ authorization: { mode: "AlwaysAllow" } })],
    severity: "warning",
    field: "authorization.mode",
    says: ["every user that is known", "use Webhook"],
    clean: [gateway({ authorization: { mode: "Webhook" } })],
  },
  ...[true, { enabled: true, conditions: [{ path: "/healthz" }] }].map((anonymous) => ({
    code: "gateway-always-allow",
    name: `for anybody (${JSON.stringify(anonymous)})`,
    given: [gateway({ authorization: { mode: "AlwaysAllow" }, authentication: { anonymous } })],
    severity: "warning" as const,
    field: "authorization.mode",
    says: ["whoever reaches the gateway, known or not"],
    clean: [gateway({ authentication: { anonymous } })],
  })),
  ...Object.entries({
    "system:authenticated": "every user that is known",
    "system:unauthenticated": "whoever shows nothing",
    "system:serviceaccounts": "every pod of the cluster",
  }).map(([group, who]) => ({
    code: "gateway-wide-group-allowed",
    name: group,
    given: [gateway({ authorization: { alwaysAllowGroups: ["system:masters", group] } })],
    severity: "warning" as const,
    field: "authorization.alwaysAllowGroups[1]",
    says: [`${group} lets ${who}`],
    clean: [
      gateway({ authorization: { alwaysAllowGroups: ["system:masters", "toString", `${group}:team`] } }),
    ],
  })),
  {
    code: "gateway-node-names-ignored",
    given: [gateway({}, { nodeNames: "ignore" })],
    severity: "warning",
    field: "kubelet.nodeNames",
    says: ["use verify", "system:node:NAME"],
    clean: [gateway({}, { nodeNames: "verify" })],
  },
  {
    code: "gateway-interactive",
    given: [gateway({}, { interactive: ["exec", "run"] })],
    severity: "warning",
    field: "kubelet.interactive",
    says: ["exec, run", "nodes/proxy"],
    clean: [gateway({}, { interactive: [] })],
  },
  ...Object.entries(nearRanges).map(([name, near]) => ({
    code: "gateway-near-addresses",
    name,
    given: [range("10.0.0.0/8", near)],
    severity: "warning" as const,
    field: "kubelet.addressRanges[1]",
    says: [near],
    clean: [range("10.0.0.0/8", "128.0.0.0/8", "fd00::/8")],
  })),
  {
    code: "gateway-front-proxy-unnamed",
    given: [gateway({ authentication: { requestHeader: { caFile: "front.crt" } } })],
    severity: "warning",
    field: "authentication.requestHeader",
    says: ["allowedNames"],
    clean: [
      gateway({ authentication: { requestHeader: { caFile: "front.crt", allowedNames: ["front"] } } }),
      gateway({ authentication: { requestHeader: { fromConfigMap: true } } }),
    ],
  },
];
