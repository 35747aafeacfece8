import { faultIf, type LintRule } from "./lint-rule.ts";
import type { UserSubject } from "./lint-subjects.ts";
import { execSettings } from "./token-use.ts";

/** An exec stanza that makes every call fail, or one token for all. Nothing validates it before the first call. */

const v1 = "client.authentication.k8s.io/v1";
const v1beta1 = "client.authentication.k8s.io/v1beta1";

const apiVersion: LintRule<UserSubject> = {
  code: "exec-api-version",
  severity: "error",
  check: ({ user: { exec } }) =>
    faultIf(
      exec !== undefined && exec.apiVersion !== v1 && exec.apiVersion !== v1beta1,
      ["user", "exec", "apiVersion"],
      `${exec?.apiVersion === undefined ? "is required" : `"${exec.apiVersion}" is not supported`}: no client can be made; write ${v1}`,
    ),
};

const interactiveMode: LintRule<UserSubject> = {
  code: "exec-interactive-mode",
  severity: "error",
  check({ user: { exec } }) {
    const mode = exec?.interactiveMode;
    const isMissing = exec?.apiVersion === v1 && mode === undefined;
    const isWrong = mode !== undefined && mode !== "Never" && mode !== "IfAvailable";
    const said = isMissing
      ? `is required with ${v1}`
      : mode === "Always"
        ? "Always needs a terminal"
        : `"${mode}" is none`;
    return faultIf(
      isMissing || isWrong,
      ["user", "exec", "interactiveMode"],
      `${said}: every call fails; write Never`,
    );
  },
};

const clusterInfo: LintRule<UserSubject> = {
  code: "exec-cluster-info",
  severity: "warning",
  check(subject, context) {
    const { exec } = subject.user;
    if (exec === undefined || exec.provideClusterInfo === true) return [];
    const served = context.webhooksOf(subject).length;
    const settings = execSettings(exec);
    const isNeeded = settings !== undefined && !exec.args.some((arg) => /^--audience(=|$)/.test(arg));
    const why = isNeeded
      ? "exec-credential is not told which webhook is called, and has no token to give"
      : `one token is used for ${served > 1 ? `all ${served} webhooks` : "every webhook"} that this user serves`;
    const isCertain = isNeeded || served > 1;
    return [
      {
        path: ["user", "exec", "provideClusterInfo"],
        message: `must be true: without it ${why}`,
        ...(isCertain ? { severity: "error" as const } : {}),
      },
    ];
  },
};

const command: LintRule<UserSubject> = {
  code: "exec-command-relative",
  severity: "warning",
  check({ command: written, user: { exec } }) {
    if (exec === undefined) return [];
    if (!written)
      return [
        { path: ["user", "exec", "command"], severity: "error", message: "is required: every call fails" },
      ];
    const where = written.includes("/")
      ? "in the kubeconfig's folder"
      : "in the PATH of the API server, which most have not";
    return faultIf(
      !written.startsWith("/"),
      ["user", "exec", "command"],
      `"${written}" is looked for ${where}; write an absolute path, as the API server's container has it`,
    );
  },
};

/** Rules about exec stanzas. */
export const execRules: readonly LintRule<UserSubject>[] = [
  apiVersion,
  interactiveMode,
  clusterInfo,
  command,
];
