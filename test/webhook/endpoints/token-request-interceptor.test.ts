import { expect } from "chai";
import type { Webhook } from "../../../src/apis/admissionregistration.ts";
import type { LabelSelector } from "../../../src/apis/meta.ts";
import {
  curingExpression,
  interceptedError,
  interceptionOf,
  mayWaitForItself,
} from "../../../src/webhook/endpoints/token-request-interceptor.ts";

const rule = {
  apiGroups: [""],
  apiVersions: ["v1"],
  operations: ["CREATE" as const],
  resources: ["serviceaccounts/token"],
};
const webhook = (changes: Partial<Webhook> = {}): Webhook => ({
  name: "gate.example.com",
  clientConfig: { url: "https://gate.example.com/v" },
  admissionReviewVersions: ["v1"],
  rules: [rule],
  ...changes,
});
const nameIs = (operator: "In" | "NotIn", ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key: "kubernetes.io/metadata.name", operator, values }],
});

describe("interceptionOf", () => {
  const interception = (changes: Partial<Webhook> = {}) =>
    interceptionOf(webhook(changes), { namespace: "kube-system", name: "caller" });

  it("is certain where the rules match and nothing else is said", () => {
    expect(interception()).to.equal("certain");
    expect(interception({ namespaceSelector: {}, objectSelector: {}, matchConditions: [] })).to.equal(
      "certain",
    );
  });

  it("is never where no rule matches", () => {
    expect(interception({ rules: [] })).to.equal("never");
    expect(interception({ rules: [{ ...rule, resources: ["serviceaccounts"] }] })).to.equal("never");
    expect(interception({ rules: [{ ...rule, scope: "Cluster" }] })).to.equal("never");
  });

  it("is never where an object without labels is not selected", () => {
    expect(interception({ objectSelector: { matchLabels: { guarded: "yes" } } })).to.equal("never");
    const unmarked = { matchExpressions: [{ key: "exempt", operator: "DoesNotExist" as const }] };
    expect(interception({ objectSelector: unmarked })).to.equal("certain");
  });

  it("is decided by a namespace's name, the one label that every namespace has", () => {
    for (const [namespaceSelector, expected] of [
      [nameIs("NotIn", "kube-system"), "never"],
      [nameIs("NotIn", "shop"), "certain"],
      [nameIs("In", "shop"), "never"],
      [{ matchLabels: { "kubernetes.io/metadata.name": "kube-system" } }, "certain"],
      [{ matchLabels: { "kubernetes.io/metadata.name": "shop" } }, "never"],
    ] as const)
      expect(interception({ namespaceSelector }), JSON.stringify(namespaceSelector)).to.equal(expected);
  });

  it("is possible where labels decide that are not known, unless the name alone leaves the namespace out", () => {
    expect(interception({ namespaceSelector: { matchLabels: { team: "a" } } })).to.equal("possible");
    const both = { ...nameIs("NotIn", "shop"), matchLabels: { team: "a" } };
    expect(interception({ namespaceSelector: both })).to.equal("possible");
    const out = { ...nameIs("NotIn", "kube-system"), matchLabels: { team: "a" } };
    expect(interception({ namespaceSelector: out })).to.equal("never");
  });

  it("is possible behind match conditions, whatever they say, and behind a selector that is none", () => {
    expect(interception({ matchConditions: [{ name: "m", expression: "true" }] })).to.equal("possible");
    expect(interception({ namespaceSelector: nameIs("In") })).to.equal("possible");
    expect(interception({ objectSelector: nameIs("In") })).to.equal("possible");
  });
});

describe("interceptedError", () => {
  it("names webhook, configuration and cure, and keeps its cause", () => {
    const cause = new Error("timeout");
    const found = {
      configuration: { kind: "ValidatingWebhookConfiguration" as const, name: "gate" },
      webhook: webhook(),
      audience: "https://gate.example.com/v",
    };
    const error = interceptedError(found, cause);
    expect(error.code).to.equal("ERR_TOKEN_REQUEST_INTERCEPTED");
    expect(error.cause).to.equal(cause);
    expect(error.message)
      .to.include("webhook gate.example.com of ValidatingWebhookConfiguration gate")
      .and.to.include(JSON.stringify(curingExpression));
  });
});

describe("mayWaitForItself", () => {
  it("is so for kube-apiserver's token and a plain one, whosever that is, and not for one API group's", () => {
    expect(mayWaitForItself({ mode: "attested", apiGroup: "*" })).to.equal(true);
    expect(mayWaitForItself({ mode: "audience", audiences: [] })).to.equal(true);
    expect(mayWaitForItself({ mode: "attested", apiGroup: "wardle.example.com" })).to.equal(false);
  });
});
