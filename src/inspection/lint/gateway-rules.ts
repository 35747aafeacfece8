import { BlockList, isIPv6 } from "node:net";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { GatewaySubject } from "./lint-subjects.ts";

/** What of a gateway gives more away than somebody may have meant. */

const alwaysAllow: LintRule<GatewaySubject> = {
  code: "gateway-always-allow",
  severity: "warning",
  check({ gateway: { authorization, authentication } }) {
    const { anonymous } = authentication;
    const isAnonymous = typeof anonymous === "boolean" ? anonymous : anonymous.enabled;
    const who = isAnonymous ? "whoever reaches the gateway, known or not," : "every user that is known";
    return faultIf(
      authorization.mode === "AlwaysAllow",
      ["authorization", "mode"],
      `AlwaysAllow lets ${who} read all pods' logs and all that kubelets serve; use Webhook`,
    );
  },
};

/** Groups that nobody is put into by name. */
const wideGroups: Readonly<Record<string, string>> = {
  "system:authenticated": "every user that is known",
  "system:unauthenticated": "whoever shows nothing, where anonymous is on,",
  "system:serviceaccounts": "every pod of the cluster",
};

const wideGroupAllowed: LintRule<GatewaySubject> = {
  code: "gateway-wide-group-allowed",
  severity: "warning",
  check: ({ gateway: { authorization } }) =>
    authorization.alwaysAllowGroups.flatMap((group, index) =>
      faultIf(
        Object.hasOwn(wideGroups, group),
        ["authorization", "alwaysAllowGroups", index],
        `${group} lets ${wideGroups[group]} read all pods' logs and all that kubelets serve; grant it what it needs in the cluster`,
      ),
    ),
};

const nodeNamesIgnored: LintRule<GatewaySubject> = {
  code: "gateway-node-names-ignored",
  severity: "warning",
  check: ({ gateway: { kubelet } }) =>
    faultIf(
      kubelet.nodeNames === "ignore",
      ["kubelet", "nodeNames"],
      "ignore lets a node that writes another's address show that one's requests to itself, or its own to another; use verify where kubelets' certificates name system:node:NAME",
    ),
};

const interactive: LintRule<GatewaySubject> = {
  code: "gateway-interactive",
  severity: "warning",
  check: ({ gateway: { kubelet } }) =>
    faultIf(
      kubelet.interactive.length > 0,
      ["kubelet", "interactive"],
      `${kubelet.interactive.join(", ")}: whoever has create on nodes/proxy gets into every container of the node; kubectl reaches them by the API server, which asks about the pod`,
    ),
};

const nearRanges = [
  ["127.0.0.0", 8],
  ["::1", 128],
  ["169.254.0.0", 16],
  ["fe80::", 10],
] as const;

const nearAddresses: LintRule<GatewaySubject> = {
  code: "gateway-near-addresses",
  severity: "warning",
  check: ({ gateway: { kubelet } }) =>
    kubelet.addressRanges.flatMap((range, index) =>
      faultIf(
        nearRanges.some(([address, bits]) => overlap(range, `${address}/${bits}`)),
        ["kubelet", "addressRanges", index],
        `${range} holds loopback or link-local addresses: a node that writes one as its own has the gateway reach what stands beside it, or its cloud's metadata`,
      ),
    ),
};

function overlap(left: string, right: string): boolean {
  return holds(left, right) || holds(right, left);
}

/** Whether a range has the other's first address. */
function holds(range: string, other: string): boolean {
  const [[network = "", bits], [address = ""]] = [range.split("/"), other.split("/")];
  const list = new BlockList();
  list.addSubnet(network, Number(bits), familyOf(network));
  return familyOf(network) === familyOf(address) && list.check(address, familyOf(address));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

const unnamedFrontProxy: LintRule<GatewaySubject> = {
  code: "gateway-front-proxy-unnamed",
  severity: "warning",
  check({ gateway: { authentication } }) {
    const { caFile, allowedNames = [] } = authentication.requestHeader ?? {};
    return faultIf(
      caFile !== undefined && allowedNames.length === 0,
      ["authentication", "requestHeader"],
      "without allowedNames every certificate of this CA may say who its user is; name the front proxy's",
    );
  },
};

/** Rules about a GatewayConfiguration. */
export const gatewayRules: readonly LintRule<GatewaySubject>[] = [
  alwaysAllow,
  wideGroupAllowed,
  nodeNamesIgnored,
  interactive,
  nearAddresses,
  unnamedFrontProxy,
];
