import { serviceHostPort } from "../../kubeconfig/find-user.ts";
import { hostPortOf, webhookHostPort } from "../../webhook/endpoints/find-webhooks-by-host-port.ts";
import type { LintContext } from "./lint-context.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { UserSubject } from "./lint-subjects.ts";

/**
 * Names by which upstream's look-up can never find a user: it compares `host:port`, then `*.` and ever shorter suffixes,
 * byte for byte (kubernetes/apiserver pkg/util/webhook/authentication.go).
 */

/** The user of the current context is found by that, whatever it is called. */
export function isCurrent({ kubeconfig, name }: UserSubject): boolean {
  const context = kubeconfig.contexts.get(kubeconfig["current-context"] ?? "");
  return context?.user === name;
}

function nameRule(code: string, fault: (name: string) => string | undefined): LintRule<UserSubject> {
  return {
    code,
    severity: "error",
    check(subject) {
      const message = isCurrent(subject) ? undefined : fault(subject.name);
      return message === undefined ? [] : [{ path: ["name"], message }];
    },
  };
}

/** The host and port of what was written as a URL. */
function hostPortText(name: string): string {
  const hostPort = hostPortOf(name.replace(/^[a-z]+:\/\//i, "https://"));
  return hostPort ?? serviceHostPort("NAME", "NAMESPACE", 443);
}

const scheme = nameRule("user-name-scheme", (name) =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(name)
    ? `"${name}" can never match: users are looked up by host and port, without a scheme; write "${hostPortText(name)}"`
    : undefined,
);

const path = nameRule("user-name-path", (name) =>
  !name.includes("://") && name.includes("/")
    ? `"${name}" can never match: users are looked up by host and port, without a path; write "${hostPortText(`https://${name}`)}"`
    : undefined,
);

const wildcard = nameRule("user-name-wildcard", (name) =>
  name !== "*" && /^(?!\*\.).*\*|^\*\..*\*/.test(name)
    ? `"${name}" can never match: "*" stands alone, or as "*." for the first labels and nothing else`
    : undefined,
);

const trailingDot = nameRule("user-name-trailing-dot", (name) =>
  /\.(:\d+)?$/.test(name)
    ? `"${name}" can never match a Service: host names are looked up without a trailing dot`
    : undefined,
);

const upperCase = nameRule("user-name-upper-case", (name) =>
  /[A-Z]/.test(name) && !name.includes("://")
    ? `"${name}" can never match a Service: names are compared byte for byte, and Service names are lower case`
    : undefined,
);

const port: LintRule<UserSubject> = {
  code: "user-name-port",
  severity: "error",
  check(subject, context) {
    const { name } = subject;
    if (isCurrent(subject) || context.webhooksOf(subject).length > 0 || /:\d+$/.test(name)) return [];
    const missed = context.webhooks
      .map(({ webhook }) => webhookHostPort(webhook.clientConfig) ?? "")
      .find((hostPort) => !hostPort.endsWith(":443") && covers(name, hostPort.replace(/:\d+$/, "")));
    const number = missed?.replace(/^.*:/, "");
    return faultIf(
      missed !== undefined,
      ["name"],
      `"${name}" does not match ${missed}: a name without a port means port 443; write "${name}:${number}"`,
    );
  },
};

function covers(name: string, host: string): boolean {
  return name.startsWith("*.") ? host.endsWith(name.slice(1)) : name === host;
}

const unreached: LintRule<UserSubject> = {
  code: "user-without-webhook",
  severity: "info",
  check(subject, context) {
    const { name } = subject;
    const isPlain = /^(\*\.)?[a-z0-9.[\]:-]+$/.test(name) || name === "*";
    return faultIf(
      isPlain && context.webhooks.length > 0 && !isCurrent(subject) && !isReached(subject, context),
      ["name"],
      `"${name}" is the user of none of the webhooks given: another name goes before it, or their host or port is another`,
    );
  },
};

function isReached(subject: UserSubject, context: LintContext): boolean {
  return context.webhooksOf(subject).length > 0 || port.check(subject, context).length > 0;
}

/** Rules about the names of kubeconfig users. */
export const userNameRules: readonly LintRule<UserSubject>[] = [
  scheme,
  path,
  wildcard,
  trailingDot,
  upperCase,
  port,
  unreached,
];
