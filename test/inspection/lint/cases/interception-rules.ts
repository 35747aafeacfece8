import { curingExpression } from "../../../../src/webhook/endpoints/token-request-interceptor.ts";
import { agent, exec, kubeconfig, mutating, type RuleCase, server, validating } from "../lint-rig.ts";

const rule = (changed: object = {}) => ({
  operations: ["CREATE"],
  apiGroups: [""],
  apiVersions: ["v1"],
  resources: ["serviceaccounts/token"],
  ...changed,
});
const condition = (expression: string) => [{ name: "exclude", expression }];
const users = kubeconfig({ "*.shop.svc:443": exec() });

/** A webhook that reviews requests for tokens and is called with one. */
const intercepting = (overrides: object = {}) => [validating({ rules: [rule()], ...overrides }), users];
const intercepts = {
  code: "intercepts-token-requests",
  field: "webhooks[0].rules",
  says: ["serviceaccounts/token", curingExpression],
  clean: intercepting({ matchConditions: condition(curingExpression) }),
} as const;

export const interceptionCases: readonly RuleCase[] = [
  {
    code: "rules-invalid",
    name: "an operation that there is not",
    given: [validating({ rules: [rule({ operations: ["GET"] })] })],
    severity: "error",
    field: "webhooks[0].rules",
    says: ["GET"],
    clean: [validating()],
  },
  {
    code: "rules-invalid",
    name: "a list without an entry",
    given: [validating({ rules: [rule({ apiGroups: [] })] })],
    severity: "error",
    field: "webhooks[0].rules",
    says: ["apiGroups"],
    clean: [validating()],
  },
  {
    code: "rules-invalid",
    name: "a star beside others",
    given: [validating({ rules: [rule({ apiGroups: ["*", "apps"] })] })],
    severity: "error",
    field: "webhooks[0].rules[0].apiGroups",
    says: ["alone"],
    clean: [validating({ rules: [rule({ apiGroups: ["*"], resources: ["pods", "*"] })] })],
  },
  {
    code: "rules-missing",
    given: [validating({ rules: [] })],
    severity: "warning",
    field: "webhooks[0].rules",
    says: ["never called"],
    clean: [validating()],
  },
  {
    code: "rules-match-everything",
    given: [mutating({ rules: [rule({ apiGroups: ["*"], resources: ["*"] })] })],
    severity: "warning",
    field: "webhooks[0].rules",
    says: ["name the groups"],
    clean: [
      validating({
        rules: [
          rule({ apiGroups: ["*"], resources: ["*/*"] }),
          rule({ apiGroups: ["apps"], resources: ["*"] }),
        ],
      }),
    ],
  },
  { ...intercepts, name: "under Fail, called with a token", given: intercepting(), severity: "error" },
  {
    ...intercepts,
    name: "under Fail, called with a token file of the agent's",
    given: [validating({ rules: [rule()] }), agent()],
    severity: "error",
  },
  ...["serviceaccounts/*", "*/token", "*/*"].map(
    (resource): RuleCase => ({
      ...intercepts,
      name: resource,
      given: intercepting({ rules: [rule({ resources: [resource] })] }),
      severity: "error",
      // plain `*` is no subresource
      clean: intercepting({ rules: [rule({ resources: ["*"] })] }),
    }),
  ),
  {
    ...intercepts,
    name: "under Ignore",
    given: intercepting({ failurePolicy: "Ignore" }),
    severity: "warning",
  },
  {
    ...intercepts,
    name: "where nothing says whether a token is used",
    given: [validating({ rules: [rule()] })],
    severity: "error",
    clean: [validating({ rules: [rule({ operations: ["UPDATE"] })] })],
  },
  {
    ...intercepts,
    name: "where the kubeconfig's users are for others",
    given: [validating({ rules: [rule()] }), kubeconfig({ "*.other.svc:443": exec() })],
    severity: "warning",
  },
  {
    ...intercepts,
    name: "under Ignore, which does not soften the refusal of a server that enforces",
    given: [validating({ rules: [rule()], failurePolicy: "Ignore" }), server()],
    severity: "error",
    clean: [validating({ matchConditions: condition(curingExpression) }), server()],
  },
  {
    ...intercepts,
    name: "under Ignore, at a server that observes",
    given: [validating({ rules: [rule()], failurePolicy: "Ignore" }), server({}, { mode: "observe" })],
    severity: "warning",
  },
  {
    ...intercepts,
    name: "under Ignore, at a server that takes a certificate as well",
    given: [
      validating({ rules: [rule()], failurePolicy: "Ignore" }),
      server({}, { clientCertificates: { caFile: "clients.crt", names: ["kube-apiserver"] } }),
    ],
    severity: "warning",
  },
  {
    ...intercepts,
    name: "behind a namespaceSelector, which may leave the caller's namespace out",
    given: intercepting({ namespaceSelector: { matchLabels: { team: "a" } } }),
    severity: "warning",
  },
  {
    ...intercepts,
    name: "with a condition about one namespace only",
    given: intercepting({ matchConditions: condition('request.namespace != "kube-system"') }),
    severity: "warning",
    clean: intercepting({ matchConditions: condition('request.kind.kind != "TokenRequest"') }),
  },
  {
    ...intercepts,
    name: "with a condition about something else",
    given: intercepting({ matchConditions: condition('request.resource.resource != "leases"') }),
    severity: "error",
    clean: intercepting({ matchConditions: condition('request.?subResource.orValue("") != "token"') }),
  },
];
