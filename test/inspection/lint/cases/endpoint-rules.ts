import {
  agent,
  exec,
  hostPort,
  kubeconfig,
  named,
  type RuleCase,
  serviceConfig,
  validating,
} from "../lint-rig.ts";

const rules = (apiGroup: string) => [
  { operations: ["CREATE"], apiGroups: [apiGroup], apiVersions: ["v1"], resources: ["widgets"] },
];
const two = named(validating({}), "other");
const user = (...args: readonly string[]) =>
  kubeconfig({ "*.shop.svc:443": exec(args.length === 0 ? undefined : args) });
const otherPort = named(validating(serviceConfig({ port: 8443 })), "other");
const shared = {
  code: "shared-host-port",
  field: "webhooks[0].clientConfig",
  says: [hostPort, "Service port"],
} as const;
const twoPaths = validating({}, { name: "b.example.com", ...serviceConfig({ path: "/mutate" }) });
const annotated = named(validating(), "images", {
  annotations: { "countersign.dev/authentication-source": '{"images.example.com": {"tokenRequest": {}}}' },
});

export const endpointCases: readonly RuleCase[] = [
  {
    ...shared,
    name: "two configurations, an exec user",
    given: [validating(), two, user()],
    severity: "error",
    clean: [validating(), otherPort, user()],
  },
  {
    ...shared,
    name: "two paths, an exec user",
    given: [twoPaths, user()],
    severity: "error",
    clean: [validating({}, { name: "b.example.com" }), user()],
  },
  {
    ...shared,
    name: "two configurations, a tokenFile",
    given: [validating(), two, kubeconfig({ [hostPort]: { tokenFile: "/run/t" } })],
    severity: "error",
    clean: [validating(), otherPort, kubeconfig({ [hostPort]: { tokenFile: "/run/t" } })],
  },
  {
    ...shared,
    name: "two configurations, an agent",
    given: [validating(), two, agent()],
    severity: "error",
    clean: [validating(), otherPort, agent()],
  },
  {
    ...shared,
    name: "the annotation",
    given: [annotated, two],
    severity: "error",
    clean: [annotated, otherPort],
  },
  {
    ...shared,
    name: "no word of tokens",
    given: [validating(), two],
    severity: "warning",
    clean: [validating(), otherPort],
  },
  {
    ...shared,
    name: "plain audience tokens, which may have several audiences",
    given: [validating(), two, user("--mode=audience")],
    severity: "info",
    says: [hostPort, "trusted alike"],
    clean: [validating(), user("--mode=audience")],
  },
  {
    code: "group-not-in-rules",
    given: [validating({ rules: rules("batch") }), user()],
    severity: "error",
    field: "webhooks[0].rules",
    says: ['"apps"', "403"],
    clean: [validating({ rules: rules("*") }), user()],
  },
  {
    code: "group-not-in-rules",
    name: "the group in another webhook of the configuration",
    given: [
      validating(
        { rules: rules("batch") },
        { name: "b.example.com", rules: rules("apps"), clientConfig: { url: "https://b.example.com:443/v" } },
      ),
      user(),
    ],
    severity: "error",
    field: "webhooks[0].rules",
    says: ['"b.example.com"', "let one webhook have both"],
    clean: [validating({ rules: rules("apps") }), user()],
  },
  {
    code: "group-not-in-rules",
    name: "a webhook beside those that the group's server calls",
    given: [
      validating(
        { rules: rules("batch") },
        { name: "b.example.com", rules: rules("apps"), ...serviceConfig({ name: "b" }) },
      ),
      user(),
    ],
    severity: "info",
    field: "webhooks[0].rules",
    says: ["apps"],
    clean: [validating({ rules: rules("batch") }), user("--api-group=*")],
  },
  {
    code: "core-group-attested",
    given: [validating({ rules: rules("") }), user("--api-group=")],
    severity: "error",
    field: "webhooks[0].clientConfig",
    says: ["--api-group=*"],
    clean: [validating({ rules: rules("") }), user("--api-group", "*")],
  },
];
