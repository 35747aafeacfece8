import { expect } from "chai";
import fc from "fast-check";
import { unsentMatches } from "../../src/admission/rule-coverage.ts";
import { rulesMatch } from "../../src/admission/rules.ts";
import type { Operation, RuleWithOperations } from "../../src/apis/admissionregistration.ts";

type Changes = Partial<RuleWithOperations>;

const deployments = (changes: Changes = {}): RuleWithOperations => ({
  operations: ["CREATE", "UPDATE"],
  apiGroups: ["apps"],
  apiVersions: ["v1"],
  resources: ["deployments"],
  ...changes,
});

interface Case {
  readonly what: string;
  readonly match: readonly Changes[];
  readonly rules: readonly Changes[];
  readonly unsent?: readonly string[];
}

const cases: readonly Case[] = [
  { what: "the same rule", match: [{}], rules: [{}] },
  {
    what: "an operation more",
    match: [{ operations: ["CREATE", "DELETE"] }],
    rules: [{}],
    unsent: ["DELETE deployments.apps"],
  },
  {
    what: "every operation, where a resource itself is never connected to",
    match: [{ operations: ["*"] }],
    rules: [{}],
    unsent: ["DELETE deployments.apps"],
  },
  {
    what: "every operation on a subresource",
    match: [{ operations: ["*"], apiGroups: [""], resources: ["pods/exec"] }],
    rules: [{ operations: ["CREATE"], apiGroups: [""], resources: ["pods/exec"] }],
    unsent: ["UPDATE, DELETE, CONNECT pods/exec"],
  },
  { what: "a rule for every operation", match: [{ operations: ["*"] }], rules: [{ operations: ["*"] }] },
  {
    what: "a resource more",
    match: [{ resources: ["deployments", "daemonsets"] }],
    rules: [{}],
    unsent: ["CREATE, UPDATE daemonsets.apps"],
  },
  {
    what: "a group more",
    match: [{ apiGroups: ["apps", ""] }],
    rules: [{}],
    unsent: ["CREATE, UPDATE deployments"],
  },
  {
    what: "all of a group",
    match: [{ resources: ["*"] }],
    rules: [{}],
    unsent: ["CREATE, UPDATE *.apps (cluster-scoped)", "CREATE, UPDATE *.apps (namespaced)"],
  },
  {
    what: "everything",
    match: [{ apiGroups: ["*"], resources: ["*/*"], operations: ["CREATE"], scope: "Namespaced" }],
    rules: [{ apiGroups: ["*"], resources: ["*"] }],
    unsent: ["CREATE *.*/* (namespaced)"],
  },
  {
    what: "everything, where everything is sent",
    match: [{ apiGroups: ["*"], resources: ["*/*"], operations: ["*"], apiVersions: ["*"] }],
    rules: [{ apiGroups: ["*"], resources: ["*/*"], operations: ["*"], apiVersions: ["v1"] }],
  },
  { what: "a part of what is sent", match: [{}], rules: [{ apiGroups: ["*"], resources: ["*"] }] },
  {
    what: "what two rules send together",
    match: [{ operations: ["CREATE", "DELETE"] }],
    rules: [{ operations: ["CREATE"] }, { operations: ["DELETE"] }],
  },
  {
    what: "one resource of one rule and one group of another",
    match: [{ apiGroups: ["apps"], resources: ["replicasets"] }],
    rules: [{ apiGroups: ["apps"] }, { apiGroups: ["extensions"], resources: ["replicasets"] }],
    unsent: ["CREATE, UPDATE replicasets.apps"],
  },
  {
    what: "subresources, where the resource alone is sent",
    match: [{ resources: ["deployments/*"] }],
    rules: [{}],
    unsent: ["CREATE, UPDATE deployments.apps/*"],
  },
  {
    what: "a resource, where its subresources are sent as well",
    match: [{}, { resources: ["deployments/scale"] }],
    rules: [{ resources: ["deployments/*"] }],
  },
  {
    what: "a subresource of every resource",
    match: [{ resources: ["*/scale"] }],
    rules: [{ resources: ["deployments/scale"] }],
    unsent: ["CREATE, UPDATE *.apps/scale (cluster-scoped)", "CREATE, UPDATE *.apps/scale (namespaced)"],
  },
  {
    what: "a version more, which an API server converts",
    match: [{ apiVersions: ["v1", "v1beta1"] }],
    rules: [{}],
  },
  { what: "every version", match: [{ apiVersions: ["*"] }], rules: [{}] },
  {
    what: "another version than the one that is sent",
    match: [{ apiVersions: ["v1beta1"] }],
    rules: [{}],
    unsent: ["CREATE, UPDATE deployments.apps"],
  },
  { what: "a resource of unsaid scope", match: [{}], rules: [{ scope: "Namespaced" }] },
  {
    what: "the other scope",
    match: [{ scope: "Cluster" }],
    rules: [{ scope: "Namespaced" }],
    unsent: ["CREATE, UPDATE deployments.apps (cluster-scoped)"],
  },
  {
    what: "every resource, where those of one scope are sent",
    match: [{ resources: ["*"] }],
    rules: [{ resources: ["*"], scope: "Namespaced" }],
    unsent: ["CREATE, UPDATE *.apps (cluster-scoped)"],
  },
  {
    what: "the same resource twice",
    match: [{}, {}],
    rules: [{ resources: ["daemonsets"] }],
    unsent: ["CREATE, UPDATE deployments.apps"],
  },
];

describe("unsentMatches", () => {
  for (const { what, match, rules, unsent = [] } of cases)
    it(`of ${what}: ${unsent.length === 0 ? "nothing" : unsent.join("; ")}`, () =>
      expect(unsentMatches(match.map(deployments), rules.map(deployments))).to.deep.equal(unsent));

  const some = <T>(...values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 });
  const anyRule: fc.Arbitrary<RuleWithOperations> = fc.record({
    operations: some<Operation | "*">("CREATE", "UPDATE", "*"),
    apiGroups: some("", "apps", "*"),
    apiVersions: fc.constant(["*"]),
    resources: some("a", "b", "a/s", "a/*", "*", "*/s", "*/*"),
  });
  const requests = (["CREATE", "UPDATE", "DELETE"] as const).flatMap((operation) =>
    ["", "apps", "other"].flatMap((group) =>
      ["a", "b", "c"].flatMap((resource) =>
        ["", "s", "t"].map((subResource) => ({
          operation,
          resource: { group, version: "v1", resource },
          subResource,
        })),
      ),
    ),
  );

  it("is nothing only where every request that the policy matches is sent", () => {
    fc.assert(
      fc.property(
        fc.array(anyRule, { minLength: 1, maxLength: 3 }),
        fc.array(anyRule, { minLength: 1, maxLength: 3 }),
        (match, rules) => {
          const lost = requests.filter(
            (request) => rulesMatch(match, request) && !rulesMatch(rules, request),
          );
          return lost.length === 0 || unsentMatches(match, rules).length > 0;
        },
      ),
    );
  });

  it("is nothing for what is matched and sent alike", () => {
    fc.assert(
      fc.property(fc.array(anyRule, { minLength: 1, maxLength: 3 }), (rules) => {
        expect(unsentMatches(rules, rules)).to.deep.equal([]);
      }),
    );
  });
});
