import { expect } from "chai";
import type { RuleWithOperations, Webhook } from "../../../src/apis/admissionregistration.ts";
import type { EquivalentResources } from "../../../src/webhook/matching/equivalent-resources.ts";
import { matchRules } from "../../../src/webhook/matching/rule-matcher.ts";
import { creation } from "../webhook-rig.ts";

const rule = (group: string, version: string, resources: string[] = ["deployments"]): RuleWithOperations => ({
  apiGroups: [group],
  apiVersions: [version],
  operations: ["*"],
  resources,
});
const deployments = (group: string, version: string) => ({ group, version, resource: "deployments" });
const kind = (group: string, version: string, name = "Deployment") => ({ group, version, kind: name });

/** As kube-apiserver 1.15 served them. */
const equivalents: EquivalentResources = {
  equivalentsOf: (_, subResource) =>
    [
      ["extensions", "v1beta1"],
      ["apps", "v1"],
      ["apps", "v1beta1"],
      ["apps", "v1alpha1"],
    ].map(([group, version]) => ({
      resource: deployments(group!, version!),
      kind: subResource === "scale" ? kind("autoscaling", "v1", "Scale") : kind(group!, version!),
    })),
  convert: (object) => object,
};

/** kubernetes/apiserver pkg/admission/plugin/webhook/generic/webhook_test.go, for a Deployment of apps/v1. */
describe("rules of a webhook", () => {
  const match = (
    rules: readonly RuleWithOperations[],
    matchPolicy?: Webhook["matchPolicy"],
    subResource = "",
  ) => {
    const policy = matchPolicy === undefined ? {} : { matchPolicy };
    const webhook: Webhook = {
      name: "a",
      clientConfig: {},
      admissionReviewVersions: ["v1"],
      ...policy,
      rules,
    };
    return matchRules(webhook, { ...creation, subResource }, equivalents);
  };

  it("no rules: no call", () => {
    expect(match([])).to.equal(undefined);
  });

  it("a wildcard takes it as it was requested", () => {
    const any = { ...rule("*", "*", ["*"]) };
    expect(match([any], "Equivalent")).to.deep.equal({ resource: creation.resource, kind: creation.kind });
  });

  it("prefers the exact one, however late", () => {
    const rules = [rule("extensions", "v1beta1"), rule("apps", "v1beta1"), rule("apps", "v1")];
    expect(match(rules, "Equivalent")?.resource).to.deep.equal(creation.resource);
  });

  it("misses what is not equivalent", () => {
    expect(match([rule("batch", "v1"), rule("apps", "v2")], "Equivalent")).to.equal(undefined);
  });

  for (const policy of ["Exact", undefined] as const)
    it(`misses an equivalent with matchPolicy ${policy}`, () => {
      expect(match([rule("extensions", "v1beta1"), rule("apps", "v1beta1")], policy)).to.equal(undefined);
    });

  it("takes the equivalent of the earliest rule", () => {
    const both = [rule("extensions", "v1beta1"), rule("apps", "v1beta1")];
    expect(match(both, "Equivalent")).to.deep.equal({
      resource: deployments("extensions", "v1beta1"),
      kind: kind("extensions", "v1beta1"),
    });
    expect(match(both.toReversed(), "Equivalent")?.resource).to.deep.equal(deployments("apps", "v1beta1"));
  });

  it("takes of one rule the equivalent that is named first", () => {
    const rules = [{ ...rule("apps", "v1beta1"), apiVersions: ["v1alpha1", "v1beta1"] }];
    expect(match(rules, "Equivalent")?.resource).to.deep.equal(deployments("apps", "v1beta1"));
  });

  it("takes the same subresource of an equivalent, and the kind that it has", () => {
    const rules = [rule("extensions", "v1beta1", ["deployments", "deployments/scale"])];
    expect(match(rules, "Equivalent", "scale")).to.deep.equal({
      resource: deployments("extensions", "v1beta1"),
      kind: kind("autoscaling", "v1", "Scale"),
    });
    expect(match([rule("extensions", "v1beta1")], "Equivalent", "scale")).to.equal(undefined);
  });

  it("knows no equivalent where nobody names any", () => {
    const webhook: Webhook = {
      name: "a",
      clientConfig: {},
      admissionReviewVersions: ["v1"],
      matchPolicy: "Equivalent",
      rules: [rule("extensions", "v1beta1")],
    };
    expect(matchRules(webhook, creation)).to.equal(undefined);
  });
});
