import { type RuleCase, validating } from "../lint-rig.ts";

const conditions = (...all: readonly { readonly name?: string; readonly expression?: string }[]) =>
  validating({
    matchConditions: all.map((one, index) => ({ name: `c-${index}`, expression: "true", ...one })),
  });
const many = (count: number) => conditions(...Array.from({ length: count }, () => ({})));
const expression = { field: "webhooks[0].matchConditions[0].expression" } as const;

export const conditionCases: readonly RuleCase[] = [
  {
    code: "match-conditions-too-many",
    given: [many(65)],
    severity: "error",
    field: "webhooks[0].matchConditions",
    says: ["65", "64"],
    clean: [many(64)],
  },
  {
    code: "match-condition-name",
    given: [conditions({ name: "not a name" })],
    severity: "error",
    field: "webhooks[0].matchConditions[0].name",
    says: ["qualified name"],
    clean: [conditions({ name: "example.com/Exclude_leases.1" })],
  },
  {
    code: "match-condition-name",
    name: "twice",
    given: [conditions({ name: "a" }, { name: "a" })],
    severity: "error",
    field: "webhooks[0].matchConditions[1].name",
    says: ["already"],
    clean: [conditions({ name: "a" }, { name: "b" })],
  },
  ...["request.operatoin == 'CREATE'", "1 + 1", "request.name ==", "object.name.matches('(?=d)d')"].map(
    (text): RuleCase => ({
      ...expression,
      code: "match-condition-invalid",
      name: text,
      given: [conditions({ expression: text })],
      severity: "error",
      says: ['"c-0"', "failed"],
      clean: [conditions({ expression: '!("system:nodes" in request.userInfo.groups)' })],
    }),
  ),
  {
    ...expression,
    code: "match-condition-namespace-object",
    given: [conditions({ expression: 'namespaceObject.metadata.name != "a"' })],
    severity: "warning",
    says: ["null", "namespaceSelector"],
    clean: [conditions({ expression: 'object.spec.namespaceObjectName != "a"' })],
  },
];
