import { expect } from "chai";
import type { JSONValue } from "../../../src/admission/json-value.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation } from "../webhook-rig.ts";
import { allow, label, labelsOf, patchOf, refusalStatus, useDispatchers } from "./dispatch-rig.ts";

describe("mutating dispatcher", () => {
  const rig = useDispatchers();
  const { mutate, mutating, answers, paths, add, clear, use, webhooks } = rig;

  it("shows each webhook what the ones before it made, configurations by name", async () => {
    mutating({ name: "a" }, { name: "b" });
    add(webhooks().configuration("MutatingWebhookConfiguration", "early", { name: "c" }));
    answers()["/a"] = () => patchOf(label("by", "a"));
    answers()["/b"] = ({ object }) => {
      expect(labelsOf(object as JSONValue)).to.deep.equal({ app: "web", by: "a", first: "c" });
      return patchOf();
    };
    answers()["/c"] = () => patchOf(label("first", "c"));
    const { object } = await mutate();
    expect(paths()).to.deep.equal(["/c", "/a", "/b"]);
    expect(labelsOf(object)).to.deep.equal({ app: "web", by: "a", first: "c" });
    expect(labelsOf(creation.object)).to.deep.equal({ app: "web" });
  });

  it("matches later webhooks against the mutated object", async () => {
    mutating({ name: "a" }, { name: "b", objectSelector: { matchLabels: { by: "a" } } });
    answers()["/a"] = () => patchOf(label("by", "a"));
    answers()["/b"] = allow;
    await mutate();
    expect(paths()).to.deep.equal(["/a", "/b"]);
  });

  it("stops at the first that refuses", async () => {
    mutating({ name: "a" }, { name: "b" });
    answers()["/a"] = () => ({ allowed: false });
    await rejectionOf(mutate());
    expect(paths()).to.deep.equal(["/a"]);
  });

  it("goes on without one that failed under Ignore", async () => {
    mutating({ name: "a", failurePolicy: "Ignore" }, { name: "b" });
    answers()["/a"] = (_, response) => void response.writeHead(500).end();
    answers()["/b"] = () => patchOf(label("by", "b"));
    const { object, auditAnnotations } = await mutate();
    expect(labelsOf(object)).to.deep.equal({ app: "web", by: "b" });
    expect({ ...auditAnnotations }).to.deep.equal({
      "failed-open.mutation.webhook.admission.k8s.io/round_0_index_0": "a",
      "mutation.webhook.admission.k8s.io/round_0_index_0":
        '{"configuration":"m","webhook":"a","mutated":false}',
      "mutation.webhook.admission.k8s.io/round_0_index_1":
        '{"configuration":"m","webhook":"b","mutated":true}',
    });
  });

  it("takes an undecodable patch for a failure of the webhook, which Ignore forgives", async () => {
    for (const patch of ["%%", Buffer.from("{").toString("base64"), Buffer.from("{}").toString("base64")]) {
      clear();
      mutating({ name: "a" });
      answers()["/a"] = () => ({ allowed: true, patchType: "JSONPatch", patch });
      expect((await refusalStatus(mutate())).message).to.match(
        /response\.patch is not base64|undecodable patch in webhook response/,
      );
      clear();
      mutating({ name: "a", failurePolicy: "Ignore" });
      expect((await mutate()).object).to.equal(creation.object);
    }
  });

  it("takes a patch of another type for a failure", async () => {
    mutating({ name: "a" });
    answers()["/a"] = () => ({ allowed: true, patchType: "Full", patch: "W3t9XQ==" });
    expect((await refusalStatus(mutate())).message).to.match(/unsupported patch type "Full"/);
  });

  it("fails the request for a patch that does not apply, whatever the failurePolicy", async () => {
    mutating({ name: "a", failurePolicy: "Ignore" });
    answers()["/a"] = () => patchOf({ op: "remove", path: "/spec/nowhere" });
    expect(await refusalStatus(mutate())).to.include({ code: 500, reason: "InternalError" });
  });

  it("lets nobody patch an object that is not there", async () => {
    mutating({ name: "a" });
    answers()["/a"] = () => patchOf(label("by", "a"));
    const { object, ...deletion } = creation;
    const status = await refusalStatus(mutate({ ...deletion, operation: "DELETE", oldObject: object! }));
    expect(status.message).to.match(
      /attempted to modify the object, which is not supported for this operation/,
    );
  });

  it("leaves integers of 64 bits as they are", async () => {
    mutating({ name: "a" });
    answers()["/a"] = () => patchOf(label("by", "a"));
    const { object } = await mutate({
      ...creation,
      object: { metadata: { labels: {}, generation: 2n ** 62n } },
    });
    expect(object).to.deep.equal({ metadata: { labels: { by: "a" }, generation: 2n ** 62n } });
  });

  it("numbers calls among all mutating webhooks, called or not", async () => {
    const elsewhere = { objectSelector: { matchLabels: { app: "db" } } };
    mutating({ name: "a", ...elsewhere }, { name: "b" });
    answers()["/b"] = allow;
    expect(Object.keys((await mutate()).auditAnnotations)).to.deep.equal([
      "mutation.webhook.admission.k8s.io/round_0_index_1",
    ]);
  });

  it("tells of the patch apart, and only where there is one", async () => {
    mutating({ name: "a" }, { name: "b" });
    answers()["/a"] = () => patchOf();
    answers()["/b"] = () => patchOf(label("app", "web"));
    const { auditAnnotations, requestAuditAnnotations } = await mutate();
    expect(Object.keys(requestAuditAnnotations)).to.deep.equal([
      "patch.webhook.admission.k8s.io/round_0_index_1",
    ]);
    expect(auditAnnotations["mutation.webhook.admission.k8s.io/round_0_index_1"]).to.match(/"mutated":false/);
  });

  describe("when the request's time is over", () => {
    const late = { deadlineAt: Date.now() - 1 };

    it("fails with 500 where the webhook fails closed", async () => {
      mutating({ name: "a" });
      expect(await refusalStatus(mutate(creation, late))).to.include({
        code: 500,
        message:
          'Internal error occurred: failed calling webhook "a": failed to call webhook: context deadline exceeded',
      });
    });

    it("fails with 504 although the webhook may fail: there is no point in going on", async () => {
      mutating({ name: "a", failurePolicy: "Ignore" }, { name: "b" });
      expect(await refusalStatus(mutate(creation, late))).to.include({ code: 504, reason: "Timeout" });
      expect(paths()).to.deep.equal([]);
    });
  });

  it("forgives no unexpected throw of ours: it may have left something half done", async () => {
    mutating({ name: "a", failurePolicy: "Ignore" });
    use({ client: { call: () => Promise.reject(new TypeError("secret")), close: () => undefined } });
    expect(await refusalStatus(mutate())).to.include({
      code: 500,
      message: "Internal error occurred: MutatingAdmissionWebhook/a has panicked",
    });
  });
});
