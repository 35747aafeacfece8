import { expect } from "chai";
import {
  isAdmissionObject,
  isExcluded,
  kubeAPIServerExclusions,
} from "../../../src/webhook/dispatch/excluded-resources.ts";
import { creation } from "../webhook-rig.ts";

const of = (group: string, resource: string, kind = "Any") => ({
  ...creation,
  resource: { group, version: "v1", resource },
  kind: { group, version: "v1", kind },
});

/** kubernetes/apiserver validating/exclusion_test.go and mutating/exclusion_test.go. */
describe("excluded resources", () => {
  it("are what kube-apiserver asks while it is asked who somebody is, and may do", () => {
    const excluded = kubeAPIServerExclusions.map(({ group, resource }) => `${resource}.${group}`);
    expect(excluded).to.have.members([
      "selfsubjectreviews.authentication.k8s.io",
      "tokenreviews.authentication.k8s.io",
      "localsubjectaccessreviews.authorization.k8s.io",
      "selfsubjectaccessreviews.authorization.k8s.io",
      "selfsubjectrulesreviews.authorization.k8s.io",
      "subjectaccessreviews.authorization.k8s.io",
    ]);
  });

  it("are so in any version and with any subresource", () => {
    const review = of("authentication.k8s.io", "tokenreviews");
    const resource = { ...review.resource, version: "v9" };
    expect(isExcluded({ ...review, resource, subResource: "status" }, kubeAPIServerExclusions)).to.equal(
      true,
    );
  });

  it("are not the requests that tokens are asked with, nor others of these groups", () => {
    for (const [group, resource] of [
      ["", "serviceaccounts"],
      ["authentication.k8s.io", "others"],
      ["example.com", "tokenreviews"],
    ] as const)
      expect(isExcluded({ ...of(group, resource), subResource: "token" }, kubeAPIServerExclusions)).to.equal(
        false,
      );
  });

  const group = "admissionregistration.k8s.io";
  for (const kind of [
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
  ])
    it(`${kind} is for webhooks of manifests alone`, () => {
      expect(isAdmissionObject(of(group, "any", kind))).to.equal(true);
      expect(isAdmissionObject(of("example.com", "any", kind))).to.equal(false);
    });

  it("other kinds of the group are for all", () => {
    expect(isAdmissionObject(of(group, "any", "SomethingNew"))).to.equal(false);
  });
});
