import { expect } from "chai";
import type { AdmissionAttributes } from "../../../src/admission/admission-attributes.ts";
import type { RuleWithOperations, Webhook } from "../../../src/apis/admissionregistration.ts";
import type { EquivalentResources } from "../../../src/webhook/matching/equivalent-resources.ts";
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

  describe("what is wrong with a selector", () => {
    const elsewhere = { ...creation, namespace: "gone" };
    const broken = { matchExpressions: [{ key: "app", operator: "Near" }] };
    const failureOf = async (members: Partial<Webhook>, attributes: AdmissionAttributes = creation) =>
      (await rejectionOf(matches(members, attributes))).cause;

    it("fails the request", async () => {
      for (const selector of ["namespaceSelector", "objectSelector"])
        expect(await failureOf({ [selector]: broken })).to.include({ code: 500, reason: "InternalError" });
      const { object, ...nothing } = creation;
      expect(await failureOf({ objectSelector: broken }, nothing)).to.include({ code: 500 });
    });

    it("does not count where the other one leaves the webhook out", async () => {
      const other = { matchLabels: { app: "db" } };
      expect(await matches({ namespaceSelector, objectSelector: other }, elsewhere)).to.equal(false);
      expect(await matches({ namespaceSelector: other, objectSelector: broken })).to.equal(false);
    });

    it("is told of the namespace first", async () => {
      expect(await failureOf({ namespaceSelector, objectSelector: broken }, elsewhere)).to.include({
        code: 404,
      });
    });

    it("is told as 500 where the labels of a namespace cannot be had", async () => {
      const unreadable = () => {
        throw new Error("the lister is not ready");
      };
      const matching = async () =>
        matchWebhook(webhook({ namespaceSelector }), creation, { namespaceLabels: unreadable });
      expect((await rejectionOf(matching())).cause).to.include({
        code: 500,
        message: "Internal error occurred: the lister is not ready",
      });
    });
  });

  describe("of an equivalent whose kind nobody knows", () => {
    const nameless = { group: "apps", version: "v2", kind: "" };
    const equivalents: EquivalentResources = {
      equivalentsOf: (resource) => [{ resource: { ...resource, version: "v2" }, kind: nameless }],
      convert: (object) => object,
    };
    const rules = [{ ...everything, apiVersions: ["v2"] }];
    const match = async (members: Partial<Webhook>) =>
      matchWebhook(webhook({ rules, matchPolicy: "Equivalent", ...members }), creation, {
        namespaceLabels,
        equivalents,
      });

    it("fails the request", async () => {
      expect((await rejectionOf(match({}))).cause).to.include({
        code: 500,
        message: "Internal error occurred: unable to convert to apps/v2, Resource=deployments: unknown kind",
      });
    });

    it("does not where a selector leaves the webhook out", async () => {
      expect(await match({ objectSelector: { matchLabels: { app: "db" } } })).to.equal(undefined);
    });
  });

  describe("of the requests that tokens are asked with", () => {
    const rule = (members: Partial<RuleWithOperations>): boolean =>
      interceptsTokenRequests(webhook({ rules: [{ ...everything, ...members }] }));

    it("knows every rule that takes them", () => {
      for (const resources of [["serviceaccounts/token"], ["serviceaccounts/*"], ["*/token"], ["*/*"]])
        expect(rule({ resources }), resources[0]!).to.equal(true);
      for (const resources of [["*"], ["serviceaccounts"], ["pods/*"]])
        expect(rule({ resources }), resources[0]!).to.equal(false);
      expect(rule({ scope: "Namespaced" })).to.equal(true);
      expect(rule({ scope: "Cluster" })).to.equal(false);
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
