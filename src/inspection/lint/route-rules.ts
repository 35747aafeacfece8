import type { LintFault } from "./finding.ts";
import type { LintContext } from "./lint-context.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { RouteSubject, WebhookSubject } from "./lint-subjects.ts";
import { isStaticManifest } from "./source-rules.ts";

/** What a server's route accepts, beside the webhooks that lead to it and the tokens they are called with. */

const enforcing: LintRule<RouteSubject> = {
  code: "route-not-enforcing",
  severity: "warning",
  check: ({ route: { authentication } }) =>
    faultIf(
      authentication.mode !== "enforce",
      ["authentication", "mode"],
      authentication.mode === "off"
        ? "off lets anyone who reaches the server ask; use observe, then enforce"
        : 'observe refuses nobody; once the metric counts no more result="would_refuse", use enforce',
    ),
};

/** The webhooks whose audience is one of the route's. */
function webhooksFor({ route }: RouteSubject, context: LintContext): readonly WebhookSubject[] {
  return (route.audiences ?? []).flatMap((audience) => context.webhooksFor(audience));
}

const allGroups: LintRule<RouteSubject> = {
  code: "all-groups-unnamed",
  severity: "info",
  check(subject, context) {
    const { webhookTokens } = subject.route.authentication;
    if (webhookTokens === undefined || webhookTokens.serviceAccounts !== undefined) return [];
    const use = webhooksFor(subject, context)
      .flatMap((webhook) => context.tokenUsesOf(webhook))
      .find(({ apiGroup }) => apiGroup === "*");
    const message =
      `without serviceAccounts no token for the API group "*" is accepted, and kube-apiserver's are for "*"` +
      (use === undefined ? "" : `, as are those of ${use.by}, which are refused`) +
      "; name the ServiceAccount whose tokens they are";
    const path = ["authentication", "webhookTokens"];
    return [{ path, message, ...(use === undefined ? {} : { severity: "error" as const }) }];
  },
};

const withoutWebhook: LintRule<RouteSubject> = {
  code: "route-without-webhook",
  severity: "warning",
  check(subject, context) {
    const { audiences } = subject.route;
    return faultIf(
      audiences !== undefined && context.webhooks.length > 0 && webhooksFor(subject, context).length === 0,
      ["audiences"],
      `no webhook among those given has ${audiences?.length === 1 ? "this audience" : "one of these audiences"}: ` +
        `${audiences?.join(", ")}; tokens are minted for what clientConfig says, to the letter`,
    );
  },
};

const refusedToken: LintRule<RouteSubject> = {
  code: "route-refuses-token",
  severity: "error",
  check(subject, context) {
    const { webhookTokens, serviceAccounts } = subject.route.authentication;
    return webhooksFor(subject, context).flatMap((webhook): readonly LintFault[] => {
      const modes = new Map(context.tokenUsesOf(webhook).map(({ mode, by }) => [mode, by]));
      const name = webhook.webhook.name;
      const plain = modes.get("audience") ?? (isStaticManifest(webhook) ? "a static manifest" : undefined);
      return [
        ...faultIf(
          modes.has("attested") && webhookTokens === undefined,
          ["authentication"],
          `"${name}" is called with webhook-bound tokens (${modes.get("attested")}), and the route accepts none: add webhookTokens`,
        ),
        ...faultIf(
          plain !== undefined && serviceAccounts === undefined && webhookTokens !== undefined,
          ["authentication"],
          `"${name}" can be called with plain audience tokens only (${plain}), and the route accepts none: add serviceAccounts`,
        ),
      ];
    });
  },
};

/** Rules about the routes of a server. */
export const routeRules: readonly LintRule<RouteSubject>[] = [
  enforcing,
  allGroups,
  withoutWebhook,
  refusedToken,
];
