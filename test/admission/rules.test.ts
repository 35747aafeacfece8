import { expect } from "chai";
import { type RuleAttributes, ruleMatches, rulesMatch, validateRules } from "../../src/admission/rules.ts";
import type { RuleWithOperations } from "../../src/apis/admissionregistration.ts";

const rule: RuleWithOperations = {
  operations: ["CREATE", "UPDATE"],
  apiGroups: ["apps"],
  apiVersions: ["v1"],
  resources: ["deployments"],
};
const attributes: RuleAttributes = {
  operation: "CREATE",
  resource: { group: "apps", version: "v1", resource: "deployments" },
  namespace: "shop",
};
const matches = (changes: Partial<RuleWithOperations>, asked: Partial<RuleAttributes> = {}): boolean =>
  ruleMatches({ ...rule, ...changes }, { ...attributes, ...asked });

const resource = (name: string, group = "", version = "v1"): RuleAttributes["resource"] => ({
  group,
  version,
  resource: name,
});

describe("ruleMatches, as an API server matches", () => {
  it("wants operation, group, version and resource, each", () => {
    expect(matches({})).to.equal(true);
    expect(matches({}, { operation: "DELETE" })).to.equal(false);
    expect(matches({}, { resource: resource("deployments", "extensions") })).to.equal(false);
    expect(matches({}, { resource: resource("deployments", "apps", "v1beta1") })).to.equal(false);
    expect(matches({}, { resource: resource("daemonsets", "apps") })).to.equal(false);
  });

  it("takes a star for any of them", () => {
    for (const field of ["operations", "apiGroups", "apiVersions", "resources"] as const)
      expect(matches({ [field]: ["*"] }), field).to.equal(true);
    expect(matches({ operations: ["*"] }, { operation: "CONNECT" })).to.equal(true);
    expect(matches({ apiGroups: ["*"] }, { resource: resource("deployments", "") })).to.equal(true);
  });

  it("knows no patterns but the star by itself", () => {
    expect(matches({ apiGroups: ["ap*"] })).to.equal(false);
    expect(matches({ resources: ["deploy*"] })).to.equal(false);
    expect(matches({ apiGroups: ["APPS"] })).to.equal(false);
  });

  const subresources: readonly [string, string | undefined, boolean][] = [
    ["deployments", undefined, true],
    ["deployments", "", true],
    ["deployments", "scale", false],
    ["deployments/scale", "scale", true],
    ["deployments/scale", "status", false],
    ["deployments/scale", undefined, false],
    ["deployments/*", "scale", true],
    ["deployments/*", undefined, true],
    ["*", undefined, true],
    ["*", "scale", false],
    ["*/scale", "scale", true],
    ["*/scale", undefined, false],
    ["*/*", "scale", true],
    ["*/*", undefined, true],
    ["pods/*", "scale", false],
    ["deployments/scale/more", "scale/more", true],
    ["deployments/", undefined, true],
  ];
  for (const [pattern, subResource, expected] of subresources)
    it(`${pattern} ${expected ? "matches" : "does not match"} deployments ${subResource ?? "without a subresource"}`, () => {
      expect(matches({ resources: [pattern] }, subResource === undefined ? {} : { subResource })).to.equal(
        expected,
      );
    });

  it("takes TokenRequests for serviceaccounts/token, which a plain star does not match", () => {
    const asked = { ...attributes, resource: resource("serviceaccounts"), subResource: "token" };
    const core = { ...rule, apiGroups: [""] };
    expect(ruleMatches({ ...core, resources: ["*"] }, asked)).to.equal(false);
    for (const pattern of ["serviceaccounts/token", "serviceaccounts/*", "*/token", "*/*"])
      expect(ruleMatches({ ...core, resources: [pattern] }, asked), pattern).to.equal(true);
  });

  it("tells scopes by the namespace", () => {
    const scoped = (scope: RuleWithOperations["scope"], namespace?: string): boolean =>
      ruleMatches(
        { ...rule, ...(scope === undefined ? {} : { scope }) },
        {
          operation: "CREATE",
          resource: attributes.resource,
          ...(namespace === undefined ? {} : { namespace }),
        },
      );
    for (const namespace of [undefined, "", "shop"])
      for (const scope of [undefined, "*"] as const) expect(scoped(scope, namespace)).to.equal(true);
    expect([scoped("Namespaced", "shop"), scoped("Namespaced", ""), scoped("Namespaced")]).to.deep.equal([
      true,
      false,
      false,
    ]);
    expect([scoped("Cluster", "shop"), scoped("Cluster", ""), scoped("Cluster")]).to.deep.equal([
      false,
      true,
      true,
    ]);
  });

  it("takes a Namespace for cluster-scoped although it comes with its own name, and only the core one", () => {
    const scoped = (scope: "Cluster" | "Namespaced", group: string, version = "v1"): boolean =>
      ruleMatches(
        { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"], scope },
        { operation: "CREATE", resource: resource("namespaces", group, version), namespace: "shop" },
      );
    expect([scoped("Cluster", ""), scoped("Namespaced", "")]).to.deep.equal([true, false]);
    expect([scoped("Cluster", "example.org"), scoped("Namespaced", "example.org")]).to.deep.equal([
      false,
      true,
    ]);
    expect(scoped("Namespaced", "", "v2")).to.equal(true);
  });

  it("is enough that one rule matches", () => {
    expect(rulesMatch([{ ...rule, apiGroups: ["batch"] }, rule], attributes)).to.equal(true);
    expect(rulesMatch([], attributes)).to.equal(false);
  });
});

describe("validateRules", () => {
  it("finds nothing wrong with rules an API server takes", () => {
    expect(validateRules([rule, { ...rule, scope: "Namespaced" }], "match")).to.deep.equal([]);
  });

  const faulty: readonly [unknown, string][] = [
    [undefined, "match must list at least one rule"],
    [[], "match must list at least one rule"],
    [{}, "match must list at least one rule"],
    [[null], "match[0] must be an object"],
    [[rule, { ...rule, operations: [] }], 'match[1].operations must list at least one value, or "*"'],
    [[{ ...rule, operations: "CREATE" }], 'match[0].operations must list at least one value, or "*"'],
    [
      [{ ...rule, operations: ["create"] }],
      'match[0].operations: "create" is none of CREATE, UPDATE, DELETE, CONNECT and *',
    ],
    [[{ ...rule, apiGroups: [1] }], "match[0].apiGroups must hold nothing but strings"],
    [[{ ...rule, apiVersions: undefined }], 'match[0].apiVersions must list at least one value, or "*"'],
    [[{ ...rule, resources: [] }], 'match[0].resources must list at least one value, or "*"'],
    [[{ ...rule, scope: "namespaced" }], "match[0].scope must be Cluster, Namespaced or *"],
    [[{ ...rule, resource: ["pods"] }], "match[0].resource is no field of a rule"],
  ];
  for (const [rules, message] of faulty)
    it(message, () => {
      expect(validateRules(rules, "match")).to.deep.equal([message]);
    });

  it("says everything at once", () => {
    expect(validateRules([{}, { ...rule, scope: 1 }], "match")).to.have.lengthOf(5);
  });
});
