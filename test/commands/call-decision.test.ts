import { expect } from "chai";
import type { AdmissionAttributes } from "../../src/admission/admission-attributes.ts";
import type { Webhook } from "../../src/apis/admissionregistration.ts";
import { createMatchConditionEvaluator } from "../../src/cel/cel-match-condition-evaluator.ts";
import { decideCall } from "../../src/commands/call-decision.ts";
import { creation } from "../webhook/webhook-rig.ts";

const everything: Webhook = {
  name: "a.example.com",
  clientConfig: { url: "https://h.example" },
  rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] }],
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
};

const decide = (webhook: Partial<Webhook> = {}, attributes: Partial<AdmissionAttributes> = {}) =>
  decideCall(
    "ValidatingWebhookConfiguration",
    { ...everything, ...webhook },
    { ...creation, ...attributes },
    {
      namespaceLabels: (name) => (name === "shop" ? { team: "a" } : undefined),
      matchConditions: createMatchConditionEvaluator(),
    },
  );
const refusal = (why: string) => ({ isCalled: false, isRefused: true, why });

describe("call decision", () => {
  it("is to call what an API server calls", async () => {
    const matchConditions = [{ name: "web", expression: "request.name == 'web'" }];
    const namespaceSelector = { matchLabels: { team: "a" } };
    expect(await decide({ matchConditions, namespaceSelector })).to.deep.equal({ isCalled: true });
  });

  for (const sideEffects of ["Some", "Unknown", undefined] as const)
    it(`is to refuse a dry run where sideEffects are ${sideEffects}`, async () => {
      const { sideEffects: _, ...rest } = everything;
      const webhook = { ...rest, ...(sideEffects === undefined ? {} : { sideEffects }) };
      const attributes = { ...creation, dryRun: true };
      const means = { namespaceLabels: () => ({}), matchConditions: createMatchConditionEvaluator() };
      const decision = await decideCall("ValidatingWebhookConfiguration", webhook, attributes, means);
      const said = sideEffects ?? "not said";
      expect(decision).to.deep.equal(refusal(`it does not support dry run: its sideEffects are ${said}`));
    });

  it("is to refuse what is in a namespace that is not there", async () => {
    const namespaceSelector = { matchLabels: { team: "a" } };
    expect(await decide({ namespaceSelector }, { namespace: "gone" })).to.deep.equal(
      refusal('namespaces "gone" not found'),
    );
  });

  for (const [group, resource, kind] of [
    ["authentication.k8s.io", "tokenreviews", "TokenReview"],
    ["admissionregistration.k8s.io", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration"],
  ] as const)
    it(`is to leave ${resource} alone, which no registered webhook is called for`, async () => {
      const decision = await decide(
        {},
        { resource: { group, version: "v1", resource }, kind: { group, version: "v1", kind } },
      );
      expect(decision).to.include({ isCalled: false, isRefused: false });
      expect(decision)
        .to.have.property("why")
        .that.matches(/no registered webhook for this resource/);
    });

  it("names the one selector that is in the way", async () => {
    const namespaceSelector = { matchLabels: { team: "a" } };
    const objectSelector = { matchLabels: { app: "other" } };
    expect(await decide({ namespaceSelector, objectSelector })).to.deep.include({
      why: "its objectSelector does not select it",
    });
  });
});
