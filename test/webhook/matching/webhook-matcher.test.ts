import { expect } from "chai";
import type { RuleWithOperations, Webhook } from "../../../src/apis/admissionregistration.ts";
import type { AdmissionAttributes } from "../../../src/webhook/matching/admission-attributes.ts";
import {
  interceptsTokenRequests,
  isTokenRequest,
  matchWebhook,
} from "../../../src/webhook/matching/webhook-matcher.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation } from "../webhook-rig.ts";

const everything: RuleWithOperations = {
  apiGroups: ["*"],
  apiVersions: ["*"],
  operations: ["*"],
  resources: ["*/*"],
};
const webhook = (members: Partial<Webhook> = {}): Webhook => ({
  name: "a",
  clientConfig: {},
  rules: [everything],
  admissionReviewVersions: ["v1"],
  ...members,
});
const shop = { "kubernetes.io/metadata.name": "shop", team: "a" };
const namespaceLabels = (name: string) => (name === "shop" ? shop : undefined);
const matches = async (members: Partial<Webhook>, attributes: AdmissionAttributes = creation) =>
  (await matchWebhook(webhook(members), attributes, { namespaceLabels })) !== undefined;
const namespaceSelector = { matchLabels: { team: "a" } };

describe("webhook matcher", () => {
  it("calls a webhook whose rules fit, and none without rules", async () => {
    expect(await matches({})).to.equal(true);
    expect(await matches({ rules: [] })).to.equal(false);
    expect(await matches({ rules: [{ ...everything, apiGroups: ["batch"] }] })).to.equal(false);
  });

  it("asks for the namespace's labels", async () => {
    expect(await matches({ namespaceSelector })).to.equal(true);
    expect(await matches({ namespaceSelector: { matchLabels: { team: "b" } } })).to.equal(false);
  });

  it("refuses the request with 404 when its namespace is not there, but only where the rules fit", async () => {
    const elsewhere = { ...creation, namespace: "gone" };
    const error = await rejectionOf(matches({ namespaceSelector }, elsewhere));
    expect(error).to.include({ code: "ERR_WEBHOOK_REJECTED" });
    expect(error.cause).to.include({ code: 404, reason: "NotFound" });
    expect(await matches({ namespaceSelector, rules: [] }, elsewhere)).to.equal(false);
  });

  it("lets everything that is in no namespace past a namespace selector", async () => {
    const { namespace, ...clusterScoped } = creation;
    expect(await matches({ namespaceSelector: { matchLabels: { team: "b" } } }, clusterScoped)).to.equal(
      true,
    );
  });

  it("judges a Namespace by the labels it is given, and one that goes by those it has", async () => {
    const resource = { group: "", version: "v1", resource: "namespaces" };
    const object = { metadata: { name: "shop", labels: { team: "b" } } };
    const created = { ...creation, resource, name: "shop", namespace: "shop", object };
    expect(await matches({ namespaceSelector }, created)).to.equal(false);
    expect(await matches({ namespaceSelector }, { ...created, operation: "DELETE" })).to.equal(true);
  });

  it("takes the labels of the object or of the old one", async () => {
    const objectSelector = { matchLabels: { app: "web" } };
    expect(await matches({ objectSelector })).to.equal(true);
    const renamed = { ...creation, object: { metadata: { labels: { app: "db" } } } };
    expect(await matches({ objectSelector }, renamed)).to.equal(false);
    expect(await matches({ objectSelector }, { ...renamed, oldObject: creation.object! })).to.equal(true);
  });

  it("matches what cannot have labels with the empty selector only", async () => {
    const objectSelector = { matchExpressions: [{ key: "app", operator: "DoesNotExist" }] };
    expect(await matches({ objectSelector }, { ...creation, object: {} })).to.equal(false);
    expect(await matches({ objectSelector }, { ...creation, object: { metadata: {} } })).to.equal(true);
  });

  describe("of the requests that tokens are asked with", () => {
    const rule = (members: Partial<RuleWithOperations>): boolean =>
      interceptsTokenRequests(webhook({ rules: [{ ...everything, ...members }] }));

    it("knows every rule that takes them", () => {
      for (const resources of [["serviceaccounts/token"], ["serviceaccounts/*"], ["*/token"], ["*/*"]])
        expect(rule({ resources }), resources[0]!).to.equal(true);
      for (const resources of [["*"], ["serviceaccounts"], ["pods/*"]])
        expect(rule({ resources }), resources[0]!).to.equal(false);
      expect(rule({ operations: ["UPDATE"] })).to.equal(false);
      expect(rule({ apiGroups: ["apps"] })).to.equal(false);
    });

    it("knows their review", () => {
      const resource = { group: "", version: "v1", resource: "serviceaccounts" };
      expect(isTokenRequest({ ...creation, resource, subResource: "token" })).to.equal(true);
      expect(isTokenRequest({ ...creation, resource })).to.equal(false);
    });
  });
});
