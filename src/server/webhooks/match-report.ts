import type { Policy } from "../../admission/policy.ts";
import { unsentMatches } from "../../admission/rule-coverage.ts";
import type { WebhookRouteConfiguration } from "../../configuration/server-configuration.ts";
import { subscribeAll } from "../../monitoring/diagnostics-subscription.ts";
import type { Log } from "../../monitoring/log.ts";
import type { ComparedPolicy } from "./metrics.ts";
import type { ServerParts } from "./server-parts.ts";

/** Every policy of a route whose configuration says its webhook's rules, with what of its `match` they do not send. */
export function comparePolicies({ configuration, policies }: ServerParts): readonly ComparedPolicy[] {
  return configuration.webhooks.flatMap((webhook, index) =>
    comparePolicy(webhook, policies[index]!.current()),
  );
}

/** The same for one route. */
export function comparePolicy(
  { path, rules }: WebhookRouteConfiguration,
  policies: readonly Policy[],
): readonly ComparedPolicy[] {
  if (rules === undefined) return [];
  return policies.map(({ name, match }) => ({ path, policy: name, unsent: unsentMatches(match, rules) }));
}

export interface MatchReport {
  /** Says in the log what is new of it. */
  update(): void;
  close(): void;
}

/** Warns of policies that are wider than their webhooks' rules: now, and whenever a policy was loaded again. */
export function createMatchReport(parts: () => ServerParts, log: Pick<Log, "write">): MatchReport {
  let said = new Set<string>();
  const update = (): void => {
    const wider = comparePolicies(parts()).filter(({ unsent }) => unsent.length > 0);
    const lines = new Map(wider.map((one) => [JSON.stringify(one), one]));
    for (const [line, one] of lines)
      if (!said.has(line))
        log.write("warn", "a policy matches what its webhook's rules do not send", { ...one });
    said = new Set(lines.keys());
  };
  const close = subscribeAll({
    "countersign:reload": ({ what, outcome }) => {
      if (what === "policy" && outcome === "reloaded") update();
    },
  });
  return { update, close };
}
