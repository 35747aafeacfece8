import { faultIf, type LintRule } from "./lint-rule.ts";
import type { UserSubject } from "./lint-subjects.ts";
import { staticCredentials } from "./token-use.ts";
import { isCurrent } from "./user-name-rules.ts";

/** What of a kubeconfig user's credentials is never sent, or sent to more than was meant. */

const silenced: LintRule<UserSubject> = {
  code: "exec-silenced",
  severity: "error",
  check({ user }) {
    const [field] = staticCredentials(user);
    return faultIf(
      user.exec !== undefined && field !== undefined,
      ["user", "exec"],
      `is never run: client-go prefers ${field} of the same user, without a word; remove it, and let the plugin return a ` +
        "client certificate too where both are wanted",
    );
  },
};

const authProvider: LintRule<UserSubject> = {
  code: "auth-provider",
  severity: "error",
  check: ({ user }) =>
    faultIf(
      user["auth-provider"] !== undefined,
      ["user", "auth-provider"],
      "is not supported for webhooks: every call fails; use exec, a token or a certificate",
    ),
};

const basicAndToken: LintRule<UserSubject> = {
  code: "basic-and-token",
  severity: "error",
  check({ user }) {
    const hasBasic = Boolean(user.username || user.password);
    const field = user.token === undefined ? "tokenFile" : "token";
    return faultIf(
      hasBasic && (user.token ?? user.tokenFile) !== undefined,
      ["user", user.username ? "username" : "password"],
      `user name or password beside ${field}: both go into Authorization, so that no client can be made and every call fails; keep one`,
    );
  },
};

const certificatePair: LintRule<UserSubject> = {
  code: "certificate-without-key",
  severity: "error",
  check({ user }) {
    const certificate = user["client-certificate"] ?? user["client-certificate-data"];
    const key = user["client-key"] ?? user["client-key-data"];
    if ((certificate === undefined) === (key === undefined)) return [];
    const [has, lacks] =
      certificate === undefined ? ["client-key", "client-certificate"] : ["client-certificate", "client-key"];
    return [
      { path: ["user"], message: `${has} without ${lacks}: no client can be made, and every call fails` },
    ];
  },
};

const unreadable: LintRule<UserSubject> = {
  code: "credential-file-missing",
  severity: "warning",
  check: ({ unreadable: files }) =>
    [...files].map(([field, problem]) => ({
      path: ["user", field],
      message:
        `${problem} on this machine; where the API server runs it has to be there before the first call, because a failed ` +
        "first call stays failed until the webhook's configuration changes",
    })),
};

const toEveryone: LintRule<UserSubject> = {
  code: "credentials-for-every-webhook",
  severity: "warning",
  check(subject) {
    const { name, user } = subject;
    const [credential] = [...staticCredentials(user), ...(user.exec === undefined ? [] : ["exec"])];
    const isBearer = credential !== undefined && credential !== "client-certificate";
    return faultIf(
      isBearer && (name === "*" || isCurrent(subject)),
      name === "*" ? ["name"] : ["user"],
      `${credential} of ${name === "*" ? 'user "*"' : "the current context's user"} goes to every webhook that no other name ` +
        "matches, whoever runs it; name the hosts that it is meant for",
    );
  },
};

/** Rules about what a user presents. */
export const userCredentialRules: readonly LintRule<UserSubject>[] = [
  silenced,
  authProvider,
  basicAndToken,
  certificatePair,
  unreadable,
  toEveryone,
];
