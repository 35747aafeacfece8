import { exec, hostPort, kubeconfig, type RuleCase, serviceConfig, validating } from "../lint-rig.ts";

const token = { token: "abc" };
const certificate = { "client-certificate-data": "QQ==", "client-key-data": "QQ==" };
const current = (user: string) => ({
  contexts: [{ name: "ctx", context: { user, cluster: "" } }],
  "current-context": "ctx",
});
const nameCase = (code: string, name: string, ...says: readonly string[]): RuleCase => ({
  code,
  name,
  given: [kubeconfig({ [name]: token })],
  severity: "error",
  field: "users[0].name",
  says,
  clean: [
    kubeconfig({ [hostPort]: token, "*.shop.svc": token, "[::1]:8443": token, "*": certificate }),
    kubeconfig({ [name]: token }, current(name)),
  ],
});

export const userNameCases: readonly RuleCase[] = [
  nameCase("user-name-scheme", "https://my-webhook.example.com", '"my-webhook.example.com:443"'),
  nameCase("user-name-scheme", "https://a.example.com:8443/v", '"a.example.com:8443"'),
  nameCase("user-name-path", "images.shop.svc/validate", '"images.shop.svc:443"'),
  nameCase("user-name-wildcard", "images.*.svc", "stands alone"),
  nameCase("user-name-wildcard", "*shop.svc", "stands alone"),
  nameCase("user-name-wildcard", "*.*.svc", "stands alone"),
  nameCase("user-name-trailing-dot", "images.shop.svc.", "trailing dot"),
  nameCase("user-name-trailing-dot", "images.shop.svc.:443", "trailing dot"),
  nameCase("user-name-upper-case", "Images.shop.svc", "lower case"),
  {
    code: "user-name-port",
    given: [kubeconfig({ "*.svc": token }), validating(serviceConfig({ port: 8443 }))],
    severity: "error",
    field: "users[0].name",
    says: ["images.shop.svc:8443", '"*.svc:8443"'],
    clean: [kubeconfig({ "*.svc": token }), validating()],
  },
  {
    code: "user-without-webhook",
    given: [kubeconfig({ "other.shop.svc:443": token }), validating()],
    severity: "info",
    field: "users[0].name",
    says: ["none of the webhooks given"],
    clean: [kubeconfig({ "other.shop.svc:443": token })],
  },
  {
    code: "user-without-webhook",
    name: "hidden by a longer name",
    given: [kubeconfig({ "*.svc:443": token, "*.shop.svc:443": token }), validating()],
    severity: "info",
    field: "users[0].name",
    says: ["another name goes before it"],
    clean: [kubeconfig({ "*.svc:443": token }), validating()],
  },
];

const userCase = (
  code: string,
  name: string,
  user: object,
  field: string,
  ...says: readonly string[]
): RuleCase => ({
  code,
  name,
  given: [kubeconfig({ [hostPort]: user })],
  severity: "error",
  field: `users[0].user${field}`,
  says,
  clean: [kubeconfig({ [hostPort]: exec(), "a.example.com": { ...certificate, tokenFile: "/run/t" } })],
});
const toAll = {
  code: "credentials-for-every-webhook",
  severity: "warning",
  says: ["every webhook"],
  clean: [kubeconfig({ "*": certificate, "*.shop.svc": token })],
} as const;

export const userCredentialCases: readonly RuleCase[] = [
  ...Object.entries({
    token,
    tokenFile: { tokenFile: "/run/t" },
    username: { username: "a", password: "b" },
    "client-certificate": certificate,
  }).map(([field, credential]) =>
    userCase("exec-silenced", field, { ...exec(), ...credential }, ".exec", field, "never run"),
  ),
  userCase("auth-provider", "oidc", { "auth-provider": { name: "oidc" } }, ".auth-provider", "not supported"),
  userCase("basic-and-token", "token", { ...token, username: "a", password: "b" }, ".username", "both"),
  userCase("basic-and-token", "tokenFile", { tokenFile: "/run/t", password: "b" }, ".password", "tokenFile"),
  userCase("certificate-without-key", "certificate", { "client-certificate-data": "QQ==" }, "", "client-key"),
  userCase("certificate-without-key", "key", { "client-key-data": "QQ==" }, "", "without client-certificate"),
  { ...toAll, name: "*", given: [kubeconfig({ "*": token })], field: "users[0].name" },
  {
    ...toAll,
    name: "the current context",
    given: [kubeconfig({ a: exec() }, current("a"))],
    field: "users[0].user",
  },
];

const execCase = (
  code: string,
  name: string,
  more: object,
  field: string,
  ...says: readonly string[]
): RuleCase => ({
  ...userCase(code, name, exec(undefined, more), `.exec.${field}`, ...says),
  clean: [kubeconfig({ [hostPort]: exec() })],
});
const foreign = { args: [], command: "/bin/plugin", provideClusterInfo: false };

export const execCases: readonly RuleCase[] = [
  execCase(
    "exec-api-version",
    "v1alpha1",
    { apiVersion: "client.authentication.k8s.io/v1alpha1" },
    "apiVersion",
    "v1alpha1",
  ),
  execCase("exec-api-version", "none", { apiVersion: null }, "apiVersion", "required"),
  {
    ...execCase(
      "exec-interactive-mode",
      "missing for v1",
      { interactiveMode: null },
      "interactiveMode",
      "Never",
    ),
    clean: [
      kubeconfig({
        [hostPort]: exec(undefined, {
          apiVersion: "client.authentication.k8s.io/v1beta1",
          interactiveMode: null,
        }),
      }),
    ],
  },
  execCase("exec-interactive-mode", "Always", { interactiveMode: "Always" }, "interactiveMode", "terminal"),
  execCase("exec-interactive-mode", "another", { interactiveMode: "never" }, "interactiveMode", "Never"),
  execCase(
    "exec-cluster-info",
    "our plugin",
    { provideClusterInfo: false },
    "provideClusterInfo",
    "no token to give",
  ),
  {
    ...execCase("exec-cluster-info", "another plugin", foreign, "provideClusterInfo", "one token"),
    severity: "warning",
  },
  {
    code: "exec-cluster-info",
    name: "another plugin for several webhooks",
    given: [
      kubeconfig({ "*.shop.svc": exec(undefined, foreign) }),
      validating({}, { name: "b.example.com", ...serviceConfig({ name: "b" }) }),
    ],
    severity: "error",
    field: "users[0].user.exec.provideClusterInfo",
    says: ["all 2 webhooks"],
    clean: [
      kubeconfig({ "*.shop.svc": exec(undefined, { ...foreign, provideClusterInfo: true }) }),
      validating({}, { name: "b.example.com", ...serviceConfig({ name: "b" }) }),
    ],
  },
  {
    ...execCase("exec-command-relative", "a bare name", { command: "countersign" }, "command", "PATH"),
    severity: "warning",
  },
  {
    ...execCase("exec-command-relative", "a path", { command: "bin/countersign" }, "command", "folder"),
    severity: "warning",
  },
  execCase("exec-command-relative", "none", { command: null }, "command", "required"),
];
