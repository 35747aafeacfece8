import { webhookHostPort } from "../../webhook/endpoints/find-webhooks-by-host-port.ts";
import type { LintContext } from "./lint-context.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { WebhookSubject } from "./lint-subjects.ts";
import { tokenOf } from "./webhook-audiences.ts";

/** What a credential that knows only host and port mistakes for one another, and which group it can attest where. */

const sharedHostPort: LintRule<WebhookSubject> = {
  code: "shared-host-port",
  severity: "warning",
  check(subject, context) {
    const hostPort = webhookHostPort(subject.webhook.clientConfig);
    const others =
      hostPort === undefined ? [] : context.tokensAt(hostPort).filter((token) => token !== tokenOf(subject));
    if (others.length === 0) return [];
    const uses = context.tokenUsesOf(subject);
    const misled = uses.find(({ mode }) => mode !== "audience");
    const listed =
      others.slice(0, 3).join(", ") + (others.length > 3 ? `, and ${others.length - 3} more` : "");
    const where = `${hostPort} is also where ${listed} ${others.length === 1 ? "is" : "are"} called`;
    const cure =
      "give each configuration and path a Service port of its own, use plain audience tokens, or call through the SDK";
    if (misled === undefined && uses.length > 0)
      return [
        {
          path: ["clientConfig"],
          severity: "info",
          message: `${where}: its plain token has the audiences of all of them, so all of them must be trusted alike`,
        },
      ];
    const why =
      misled === undefined
        ? "a token by exec or token file would be given for the wrong one"
        : `it is called with a token (${misled.by}), and whoever gives that is told host and port, not path or configuration`;
    const severity = misled === undefined ? "warning" : "error";
    return [{ path: ["clientConfig"], severity, message: `${where}: ${why}; ${cure}` }];
  },
};

const groupNotInRules: LintRule<WebhookSubject> = {
  code: "group-not-in-rules",
  severity: "error",
  check(subject, context) {
    return context.tokenUsesOf(subject).flatMap(({ by, apiGroup }) => {
      if (!apiGroup || apiGroup === "*" || namesGroup(subject, apiGroup)) return [];
      const message =
        `${by} attests the API group "${apiGroup}", which no rule of this webhook names: the issuer wants group and audience ` +
        `in the same webhook, and refuses (403); ${groupCure(subject, apiGroup, context)}`;
      // the server of a group calls only webhooks whose rules name it, so one that does not is in nobody's way
      const isBeside = context.webhooks.some(
        (other) => namesGroup(other, apiGroup) && context.tokenUsesOf(other).some((use) => use.by === by),
      );
      return [{ path: ["rules"], message, ...(isBeside ? { severity: "info" as const } : {}) }];
    });
  },
};

function groupCure(
  { configuration, webhook }: WebhookSubject,
  apiGroup: string,
  context: LintContext,
): string {
  const elsewhere = context.webhooks.find(
    (other) => other.configuration === configuration && namesGroup(other, apiGroup),
  );
  if (elsewhere === undefined)
    return `add "${apiGroup}" to the rules, or let the kubeconfig user not match this host`;
  return (
    `"${elsewhere.webhook.name}" of the same configuration names the group, "${webhook.name}" has the audience: ` +
    "let one webhook have both"
  );
}

function namesGroup({ webhook: { rules = [] } }: WebhookSubject, apiGroup: string): boolean {
  return rules.some(({ apiGroups }) => apiGroups.includes(apiGroup) || apiGroups.includes("*"));
}

const coreGroup: LintRule<WebhookSubject> = {
  code: "core-group-attested",
  severity: "error",
  check: (subject, context) =>
    context
      .tokenUsesOf(subject)
      .flatMap(({ by, apiGroup }) =>
        faultIf(
          apiGroup === "",
          ["clientConfig"],
          `${by} attests the core group, which the issuer refuses: kube-apiserver uses --api-group=*`,
        ),
      ),
};

/** Rules about webhooks beside one another, and the tokens they are called with. */
export const endpointRules: readonly LintRule<WebhookSubject>[] = [
  sharedHostPort,
  groupNotInRules,
  coreGroup,
];
