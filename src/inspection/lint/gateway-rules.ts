import { BlockList } from "node:net";
import { type CIDR, parseCIDR } from "../../apis/cidr.ts";
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

const nearRanges: readonly CIDR[] = [
  { address: "127.0.0.0", bits: 8, family: "ipv4" },
  { address: "::1", bits: 128, family: "ipv6" },
  { address: "169.254.0.0", bits: 16, family: "ipv4" },
  { address: "fe80::", bits: 10, family: "ipv6" },
];

const nearAddresses: LintRule<GatewaySubject> = {
  code: "gateway-near-addresses",
  severity: "warning",
  check: ({ gateway: { kubelet } }) =>
    kubelet.addressRanges.flatMap((range, index) =>
      faultIf(
        nearRanges.some((near) => overlap(parseCIDR(range)!, near)),
        ["kubelet", "addressRanges", index],
        `${range} holds loopback or link-local addresses: a node that writes one as its own has the gateway reach what stands beside it, or its cloud's metadata`,
      ),
    ),
};

function overlap(left: CIDR, right: CIDR): boolean {
  return holds(left, right) || holds(right, left);
}

/** Whether a range has the other's first address. */
function holds(range: CIDR, { address, family }: CIDR): boolean {
  const list = new BlockList();
  list.addSubnet(range.address, range.bits, range.family);
  return range.family === family && list.check(address, family);
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
