import { expect } from "chai";
import { type DispatchMessage, diagnosticsChannel } from "../../../src/diagnostics.ts";
import { CountersignError } from "../../../src/errors.ts";
import type { WebhookClient } from "../../../src/webhook/client/webhook-client.ts";
import { markFaulty } from "../../../src/webhook/sources/configuration-faults.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation } from "../webhook-rig.ts";
import { allow, refusalStatus, useDispatchers } from "./dispatch-rig.ts";

describe("validating dispatcher", () => {
  const rig = useDispatchers();
  const { validate, validating, answers, paths, published, add, clear, use, webhooks } = rig;

  it("allows what every webhook allows, and shows them the request", async () => {
    validating({ name: "a" }, { name: "b" });
    answers()["/a"] = () => ({ allowed: true, warnings: ["old", "old"], auditAnnotations: { k: "v" } });
    answers()["/b"] = allow;
    const { warnings, auditAnnotations } = await validate();
    expect([warnings, { ...auditAnnotations }]).to.deep.equal([["old"], { "a/k": "v" }]);
    expect(webhooks().seen[0]?.request).to.deep.include({
      operation: "CREATE",
      namespace: "shop",
      userInfo: creation.userInfo,
      object: creation.object,
      oldObject: null,
    });
  });

  it("refuses in the webhook's words and with its code, never less than 400", async () => {
    validating({ name: "a" });
    answers()["/a"] = () => ({
      allowed: false,
      status: { message: "no", code: 403, reason: "Forbidden" },
    });
    expect(await refusalStatus(validate())).to.deep.include({
      message: 'admission webhook "a" denied the request: no',
      code: 403,
      reason: "Forbidden",
      status: "Failure",
    });
    answers()["/a"] = () => ({
      allowed: false,
      status: { code: 200, status: "Success", reason: "Because" },
    });
    expect(await refusalStatus(validate())).to.include({
      message: 'admission webhook "a" denied the request: Because',
      code: 400,
      status: "Failure",
    });
    answers()["/a"] = () => ({ allowed: false });
    expect((await refusalStatus(validate())).message).to.match(/without explanation$/);
  });

  it("calls all at once and reports the failure that came first", async () => {
    validating({ name: "a" }, { name: "b" });
    const { promise, resolve } = Promise.withResolvers<void>();
    answers()["/a"] = (request, response) => {
      const denial = { uid: request.uid, allowed: false, status: { message: "late" } };
      const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: denial };
      void promise.then(() => response.writeHead(200).end(JSON.stringify(review)));
      return undefined;
    };
    answers()["/b"] = () => {
      setImmediate(resolve);
      return { allowed: false, status: { message: "early" } };
    };
    expect((await refusalStatus(validate())).message).to.match(/early/);
    expect(paths()).to.have.members(["/a", "/b"]);
  });

  it("refuses with 500 when a webhook fails, unless its failurePolicy is Ignore", async () => {
    validating({ name: "a", timeoutSeconds: 1 });
    answers()["/a"] = (_, response) => void response.writeHead(500).end("broken");
    const status = await refusalStatus(validate());
    expect(status).to.include({ code: 500, reason: "InternalError" });
    expect(status.message).to.match(
      /^Internal error occurred: failed calling webhook "a": failed to call webhook: Post/,
    );
    clear();
    validating({ name: "a", failurePolicy: "Ignore" });
    expect({ ...(await validate()).auditAnnotations }).to.deep.equal({
      "failed-open.validating.webhook.admission.k8s.io/round_0_index_0": "a",
    });
    expect(published.map(({ code, failedOpen }) => [code, failedOpen])).to.deep.equal([
      [500, false],
      [500, true],
    ]);
  });

  it("takes an invalid answer for a failure", async () => {
    validating({ name: "a" });
    answers()["/a"] = () => ({ allowed: true, uid: "other" });
    expect((await refusalStatus(validate())).message).to.match(
      /failed calling webhook "a": received invalid webhook response: expected response\.uid=/,
    );
  });

  it("tells of warnings although the request is denied", async () => {
    validating({ name: "a" });
    answers()["/a"] = () => ({ allowed: false, warnings: ["old"] });
    const told: string[] = [];
    await rejectionOf(validate(creation, { onNotes: ({ warnings }) => told.push(...warnings) }));
    expect(told).to.deep.equal(["old"]);
  });

  it("takes a webhook without sideEffects for a failure in a dry run", async () => {
    const { name, ...rest } = webhooks().configuration("ValidatingWebhookConfiguration", "v", {})
      .webhooks![0]!;
    const { sideEffects, ...webhook } = { name: "a", ...rest };
    add({
      ...webhooks().configuration("ValidatingWebhookConfiguration", "v"),
      webhooks: [webhook],
    });
    expect((await refusalStatus(validate({ ...creation, dryRun: true }))).message).to.match(
      /SideEffects is nil/,
    );
  });

  it("does not soften a denial by Ignore", async () => {
    validating({ name: "a", failurePolicy: "Ignore" });
    answers()["/a"] = () => ({ allowed: false, status: { code: 401 } });
    expect((await refusalStatus(validate())).code).to.equal(401);
  });

  it("calls none for the resources that are left out", async () => {
    validating({ name: "a" });
    const of = (group: string, resource: string) => ({
      ...creation,
      resource: { group, version: "v1", resource },
    });
    await validate(of("authentication.k8s.io", "tokenreviews"));
    const group = "admissionregistration.k8s.io";
    const kind = { group, version: "v1", kind: "ValidatingWebhookConfiguration" };
    await validate({ ...of(group, "validatingwebhookconfigurations"), kind });
    expect(paths()).to.deep.equal([]);
    answers()["/a"] = allow;
    use({ excluded: [] });
    await validate(of("authentication.k8s.io", "tokenreviews"));
    expect(paths()).to.deep.equal(["/a"]);
  });

  it("refuses before any call where a webhook has matchConditions, which are not evaluated, and skips it under Ignore", async () => {
    const matchConditions = [{ name: "x", expression: "true" }];
    validating({ name: "a", matchConditions, failurePolicy: "Ignore" });
    await validate();
    validating({ name: "b", matchConditions });
    expect(await refusalStatus(validate())).to.include({ code: 403, reason: "Forbidden" });
    expect(paths()).to.deep.equal([]);
  });

  it("calls for a dry run only what has no side effects then", async () => {
    const dryRun = { ...creation, dryRun: true };
    validating({ name: "a", sideEffects: "NoneOnDryRun" });
    answers()["/a"] = allow;
    await validate(dryRun);
    expect(webhooks().seen[0]?.request.dryRun).to.equal(true);
    clear();
    validating({ name: "b", sideEffects: "Some", failurePolicy: "Ignore" });
    expect(await refusalStatus(validate(dryRun))).to.include({
      code: 400,
      message: 'admission webhook "b" does not support dry run',
    });
  });

  it("ends with the webhook's time, and with the request's", async () => {
    validating({ name: "a", timeoutSeconds: 10 });
    const left = await refusalStatus(validate(creation, { deadlineAt: Date.now() + 100 }));
    expect(left.message).to.match(/timeout=1s": .* did not answer within/);
    expect(await refusalStatus(validate(creation, { deadlineAt: Date.now() - 1 }))).to.include({
      code: 504,
      reason: "Timeout",
    });
  });

  it("ends with the caller's reason when the caller gives up", async () => {
    validating({ name: "a", failurePolicy: "Ignore" });
    const reason = new Error("gave up");
    const outcome = await validate(creation, { signal: AbortSignal.abort(reason) }).catch(
      (error: unknown) => error,
    );
    expect(outcome).to.equal(reason);
  });

  it("has no time-out of its own where no webhook is called", async () => {
    await validate(creation, { deadlineAt: 0 });
  });

  it("numbers failures among the webhooks that were called", async () => {
    const elsewhere = { objectSelector: { matchLabels: { app: "db" } } };
    validating({ name: "a", ...elsewhere }, { name: "b" }, { name: "c", failurePolicy: "Ignore" });
    answers()["/b"] = allow;
    answers()["/c"] = (_, response) => void response.writeHead(500).end();
    expect({ ...(await validate()).auditAnnotations }).to.deep.equal({
      "failed-open.validating.webhook.admission.k8s.io/round_0_index_1": "c",
    });
  });

  it("calls nobody when one of them cannot be selected, whatever its failurePolicy", async () => {
    const namespaceSelector = { matchLabels: { team: "a" } };
    validating({ name: "a" }, { name: "b", namespaceSelector, failurePolicy: "Ignore" });
    use({ namespaceLabels: () => undefined });
    expect(await refusalStatus(validate())).to.include({ code: 404, reason: "NotFound" });
    expect(paths()).to.deep.equal([]);
  });

  it("shows webhooks of manifests admission's own objects, and calls them first", async () => {
    const fixed = webhooks().configuration("ValidatingWebhookConfiguration", "z.static.k8s.io", {
      name: "z",
    });
    validating({ name: "a" });
    use({ staticConfigurations: () => [fixed] });
    answers()["/z"] = allow;
    answers()["/a"] = () => ({ allowed: false });
    const group = "admissionregistration.k8s.io";
    await validate({
      ...creation,
      kind: { group, version: "v1", kind: "ValidatingWebhookConfiguration" },
      resource: { group, version: "v1", resource: "validatingwebhookconfigurations" },
    });
    expect(paths()).to.deep.equal(["/z"]);
    await rejectionOf(validate());
    expect(paths().slice(1)).to.have.members(["/z", "/a"]);
  });

  describe("an unexpected throw on the way to a webhook", () => {
    const broken: WebhookClient = {
      call: () => Promise.reject(new TypeError("secret")),
      close: () => undefined,
    };

    it("fails the request with 500, in no words of its own", async () => {
      validating({ name: "a" });
      use({ client: broken });
      const { code, message } = await refusalStatus(validate());
      expect([code, message]).to.deep.equal([
        500,
        "Internal error occurred: ValidatingAdmissionWebhook/a has panicked",
      ]);
      expect(published.map(({ errorType, rejected }) => [errorType, rejected])).to.deep.equal([
        ["apiserver_internal_error", true],
      ]);
    });

    it("is passed over under Ignore", async () => {
      validating({ name: "a", failurePolicy: "Ignore" });
      use({ client: broken });
      expect({ ...(await validate()).auditAnnotations }).to.deep.equal({
        "failed-open.validating.webhook.admission.k8s.io/round_0_index_0": "a",
      });
      expect(published.map(({ failedOpen }) => failedOpen)).to.deep.equal([true]);
    });
  });

  describe("a configuration whose source found it wanting", () => {
    const wanting = (failurePolicy: "Fail" | "Ignore"): void => {
      const given = webhooks().configuration("ValidatingWebhookConfiguration", "v", {
        name: "a",
        failurePolicy,
      });
      add(markFaulty(given, new CountersignError("ERR_CONFIGURATION", "no webhook is called b")));
      answers()["/a"] = allow;
    };

    it("fails each of its calls before anything is sent", async () => {
      wanting("Fail");
      expect(await refusalStatus(validate())).to.include({
        code: 500,
        message: 'Internal error occurred: failed calling webhook "a": no webhook is called b',
      });
      expect(paths()).to.deep.equal([]);
    });

    it("is forgiven by Ignore like other failures", async () => {
      wanting("Ignore");
      await validate();
      expect(paths()).to.deep.equal([]);
    });
  });

  it("counts nobody's fault when the caller gives up", async () => {
    validating({ name: "a" });
    const gone = new AbortController();
    answers()["/a"] = () => {
      gone.abort(new Error("gave up"));
      return undefined;
    };
    const outcome = await validate(creation, { signal: gone.signal }).catch((error: unknown) => error);
    expect(outcome).to.equal(gone.signal.reason);
    expect(published.map(({ errorType, failedOpen }) => [errorType, failedOpen])).to.deep.equal([
      [undefined, false],
    ]);
  });

  it("tells how long all of them took and whether the request goes on", async () => {
    const told: DispatchMessage[] = [];
    const listen = (message: unknown): void => void told.push(message as DispatchMessage);
    diagnosticsChannel("countersign:dispatch").subscribe(listen);
    validating({ name: "a" });
    answers()["/a"] = () => ({ allowed: false });
    await rejectionOf(validate());
    clear();
    await validate();
    diagnosticsChannel("countersign:dispatch").unsubscribe(listen);
    expect(told.map(({ plugin, operation, rejected }) => [plugin, operation, rejected])).to.deep.equal([
      ["ValidatingAdmissionWebhook", "CREATE", true],
      ["ValidatingAdmissionWebhook", "CREATE", false],
    ]);
  });
});
