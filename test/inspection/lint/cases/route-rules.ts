import {
  audience,
  exec,
  kubeconfig,
  mutating,
  named,
  type RuleCase,
  server,
  serviceConfig,
  tokens,
  url,
  validating,
} from "../lint-rig.ts";

const users = (...args: readonly string[]) => kubeconfig({ "*.shop.svc:443": exec(args) });
const unnamed = tokens({ serviceAccounts: undefined });
const accounts = [{ namespace: "kube-system", name: "webhook-caller" }];
const manifest = (host: string) => named(validating(url(`https://${host}/validate`)), "images.static.k8s.io");
const hooks = { audiences: ["https://hooks.example.com/validate"] };
const reached = { severity: "error", clean: [validating(), server()] } as const;
const pinned = (pin: object) => server({}, { webhookTokens: tokens({ configurations: [pin] }) });

export const routeCases: readonly RuleCase[] = [
  {
    code: "route-not-enforcing",
    name: "observe",
    given: [server({}, { mode: "observe" })],
    severity: "warning",
    field: "webhooks[0].authentication.mode",
    says: ["would_refuse"],
    clean: [server()],
  },
  {
    code: "route-not-enforcing",
    name: "off",
    given: [server({ authentication: { mode: "off" } })],
    severity: "warning",
    field: "webhooks[0].authentication.mode",
    says: ["anyone"],
    clean: [server()],
  },
  {
    code: "all-groups-unnamed",
    name: "where nobody is known to present one",
    given: [server({}, { webhookTokens: unnamed })],
    severity: "info",
    field: "webhooks[0].authentication.webhookTokens",
    says: ["serviceAccounts"],
    clean: [server()],
  },
  {
    code: "all-groups-unnamed",
    name: "where the kubeconfig's plugin presents one",
    given: [server({}, { webhookTokens: unnamed }), validating(), users("--api-group=*")],
    severity: "error",
    field: "webhooks[0].authentication.webhookTokens",
    says: ["*.shop.svc:443", "name the ServiceAccount"],
    clean: [server(), validating(), users("--api-group=*")],
  },
  {
    code: "route-without-webhook",
    given: [server({ audiences: ["https://images.shop.svc/validate"] }), validating()],
    severity: "warning",
    field: "webhooks[0].audiences",
    says: ["https://images.shop.svc/validate", "to the letter"],
    clean: [server(), validating()],
  },
  {
    code: "route-refuses-token",
    name: "webhook-bound ones",
    given: [
      server({}, { webhookTokens: undefined, serviceAccounts: accounts }),
      validating(),
      users("--api-group=apps"),
    ],
    severity: "error",
    field: "webhooks[0].authentication",
    says: ["add webhookTokens"],
    clean: [server(), validating(), users("--api-group=apps")],
  },
  {
    code: "route-refuses-token",
    name: "plain ones",
    given: [server(), validating(), users("--mode=audience")],
    severity: "error",
    field: "webhooks[0].authentication",
    says: ["add serviceAccounts"],
    clean: [server({}, { serviceAccounts: accounts }), validating(), users("--mode=audience")],
  },
  {
    code: "route-refuses-token",
    name: "a static manifest's",
    given: [server(hooks), manifest("hooks.example.com")],
    severity: "error",
    field: "webhooks[0].authentication",
    says: ["static manifest", "add serviceAccounts"],
    clean: [server(hooks, { serviceAccounts: accounts }), manifest("hooks.example.com")],
  },
];

export const reachedRouteCases: readonly RuleCase[] = [
  {
    ...reached,
    code: "audience-not-accepted",
    given: [validating(serviceConfig({ path: "/validate/" })), server()],
    field: "webhooks[0].clientConfig",
    says: [`"${audience}/"`, `"${audience}"`, "to the byte"],
  },
  {
    ...reached,
    code: "route-missing",
    given: [validating(serviceConfig({ path: "/mutate" })), server()],
    field: "webhooks[0].clientConfig",
    says: ["/mutate", "/validate"],
    clean: [validating(serviceConfig({ name: "elsewhere", path: "/mutate" })), server()],
  },
  {
    ...reached,
    code: "route-kind",
    given: [mutating(), server()],
    field: "webhooks[0]",
    says: ["MutatingWebhookConfiguration", "kinds"],
  },
  {
    ...reached,
    code: "route-pin",
    name: "another name",
    given: [validating(), pinned({ name: "other" })],
    field: "webhooks[0]",
    says: ["other", "add images"],
    clean: [validating(), pinned({ name: "images" })],
  },
  {
    ...reached,
    code: "route-pin",
    name: "another uid",
    given: [named(validating(), "images", { uid: "new" }), pinned({ name: "images", uid: "old" })],
    field: "webhooks[0]",
    says: ["old", "new"],
    clean: [named(validating(), "images", { uid: "old" }), pinned({ name: "images", uid: "old" })],
  },
  {
    ...reached,
    code: "route-type",
    name: "a validating webhook at a mutating route",
    given: [validating(), server({ type: "mutating", authentication: { serviceAccounts: accounts } })],
    field: "webhooks[0]",
    says: ["mutating"],
  },
  {
    ...reached,
    code: "route-type",
    name: "a mutating webhook at a validating route",
    given: [mutating(), server({ authentication: { serviceAccounts: accounts } })],
    severity: "warning",
    field: "webhooks[0]",
    says: ["type: mutating"],
  },
];
