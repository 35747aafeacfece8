import { expect } from "chai";
import type { JSONValue } from "../../../src/admission/json-value.ts";
import type { Webhook, WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import { diagnosticsChannel, type WebhookMessage } from "../../../src/diagnostics.ts";
import { dispatchStatus } from "../../../src/webhook/dispatch/dispatch-errors.ts";
import { createMutatingDispatcher } from "../../../src/webhook/dispatch/mutating-dispatcher.ts";
import { createValidatingDispatcher } from "../../../src/webhook/dispatch/validating-dispatcher.ts";
import type {
  AdmissionAttributes,
  DispatchOptions,
} from "../../../src/webhook/matching/admission-attributes.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation, startWebhookRig, type WebhookRig } from "../webhook-rig.ts";

const allow = () => ({ allowed: true });
const patchOf = (...operations: object[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

describe("dispatchers", () => {
  let rig: WebhookRig;
  let configurations: WebhookConfiguration[];
  const published: WebhookMessage[] = [];
  const listen = (message: unknown): void => void published.push(message as WebhookMessage);
  before(async () => {
    rig = await startWebhookRig();
    diagnosticsChannel("countersign:webhook").subscribe(listen);
  });
  beforeEach(() => {
    rig.seen.length = 0;
    published.length = 0;
    for (const path of Object.keys(rig.answers)) delete rig.answers[path];
    configurations = [];
  });
  after(async () => {
    diagnosticsChannel("countersign:webhook").unsubscribe(listen);
    await rig.close();
  });

  const options = () => ({
    client: rig.client,
    configurations: () => configurations,
    namespaceLabels: () => ({ team: "a" }),
  });
  const validate = (attributes: AdmissionAttributes = creation, dispatch?: DispatchOptions) =>
    createValidatingDispatcher(options()).validate(attributes, dispatch);
  const mutate = (attributes: AdmissionAttributes = creation, dispatch?: DispatchOptions) =>
    createMutatingDispatcher(options()).mutate(attributes, dispatch);
  const validating = (...webhooks: Partial<Webhook>[]): void =>
    void configurations.push(rig.configuration("ValidatingWebhookConfiguration", "v", ...webhooks));
  const mutating = (...webhooks: Partial<Webhook>[]): void =>
    void configurations.push(rig.configuration("MutatingWebhookConfiguration", "m", ...webhooks));
  const refusalStatus = async (work: Promise<unknown>) => dispatchStatus(await rejectionOf(work));
  const paths = (): string[] => rig.seen.map(({ path }) => path);

  describe("validating", () => {
    it("allows what every webhook allows, and shows them the request", async () => {
      validating({ name: "a" }, { name: "b" });
      rig.answers["/a"] = () => ({ allowed: true, warnings: ["old", "old"], auditAnnotations: { k: "v" } });
      rig.answers["/b"] = allow;
      const { warnings, auditAnnotations } = await validate();
      expect([warnings, { ...auditAnnotations }]).to.deep.equal([["old"], { "a/k": "v" }]);
      expect(rig.seen[0]?.request).to.deep.include({
        operation: "CREATE",
        namespace: "shop",
        userInfo: creation.userInfo,
        object: creation.object,
        oldObject: null,
      });
    });

    it("refuses in the webhook's words and with its code, never less than 400", async () => {
      validating({ name: "a" });
      rig.answers["/a"] = () => ({
        allowed: false,
        status: { message: "no", code: 403, reason: "Forbidden" },
      });
      expect(await refusalStatus(validate())).to.deep.include({
        message: 'admission webhook "a" denied the request: no',
        code: 403,
        reason: "Forbidden",
        status: "Failure",
      });
      rig.answers["/a"] = () => ({
        allowed: false,
        status: { code: 200, status: "Success", reason: "Because" },
      });
      expect(await refusalStatus(validate())).to.include({
        message: 'admission webhook "a" denied the request: Because',
        code: 400,
        status: "Failure",
      });
      rig.answers["/a"] = () => ({ allowed: false });
      expect((await refusalStatus(validate())).message).to.match(/without explanation$/);
    });

    it("calls all at once and reports the failure that came first", async () => {
      validating({ name: "a" }, { name: "b" });
      const { promise, resolve } = Promise.withResolvers<void>();
      rig.answers["/a"] = (request, response) => {
        const denial = { uid: request.uid, allowed: false, status: { message: "late" } };
        const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: denial };
        void promise.then(() => response.writeHead(200).end(JSON.stringify(review)));
        return undefined;
      };
      rig.answers["/b"] = () => {
        setImmediate(resolve);
        return { allowed: false, status: { message: "early" } };
      };
      expect((await refusalStatus(validate())).message).to.match(/early/);
      expect(paths()).to.have.members(["/a", "/b"]);
    });

    it("refuses with 500 when a webhook fails, unless its failurePolicy is Ignore", async () => {
      validating({ name: "a", timeoutSeconds: 1 });
      rig.answers["/a"] = (_, response) => void response.writeHead(500).end("broken");
      const status = await refusalStatus(validate());
      expect(status).to.include({ code: 500, reason: "InternalError" });
      expect(status.message).to.match(
        /^Internal error occurred: failed calling webhook "a": failed to call webhook: Post/,
      );
      configurations = [];
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
      rig.answers["/a"] = () => ({ allowed: true, uid: "other" });
      expect((await refusalStatus(validate())).message).to.match(
        /failed calling webhook "a": received invalid webhook response: expected response\.uid=/,
      );
    });

    it("tells of warnings although the request is denied", async () => {
      validating({ name: "a" });
      rig.answers["/a"] = () => ({ allowed: false, warnings: ["old"] });
      const told: string[] = [];
      await rejectionOf(validate(creation, { onNotes: ({ warnings }) => told.push(...warnings) }));
      expect(told).to.deep.equal(["old"]);
    });

    it("takes a webhook without sideEffects for a failure in a dry run", async () => {
      const { name, ...rest } = rig.configuration("ValidatingWebhookConfiguration", "v", {}).webhooks![0]!;
      const { sideEffects, ...webhook } = { name: "a", ...rest };
      configurations.push({
        ...rig.configuration("ValidatingWebhookConfiguration", "v"),
        webhooks: [webhook],
      });
      expect((await refusalStatus(validate({ ...creation, dryRun: true }))).message).to.match(
        /SideEffects is nil/,
      );
    });

    it("does not soften a denial by Ignore", async () => {
      validating({ name: "a", failurePolicy: "Ignore" });
      rig.answers["/a"] = () => ({ allowed: false, status: { code: 401 } });
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
      rig.answers["/a"] = allow;
      await createValidatingDispatcher({ ...options(), excluded: [] }).validate(
        of("authentication.k8s.io", "tokenreviews"),
      );
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
      rig.answers["/a"] = allow;
      await validate(dryRun);
      expect(rig.seen[0]?.request.dryRun).to.equal(true);
      configurations = [];
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
  });

  describe("mutating", () => {
    const label = (name: string, value: JSONValue) => ({
      op: "add",
      path: `/metadata/labels/${name}`,
      value,
    });
    const labelsOf = (object: JSONValue | undefined): JSONValue =>
      (object as { metadata: { labels: JSONValue } }).metadata.labels;

    it("shows each webhook what the ones before it made, configurations by name", async () => {
      mutating({ name: "a" }, { name: "b" });
      configurations.push(rig.configuration("MutatingWebhookConfiguration", "early", { name: "c" }));
      rig.answers["/a"] = () => patchOf(label("by", "a"));
      rig.answers["/b"] = ({ object }) => {
        expect(labelsOf(object as JSONValue)).to.deep.equal({ app: "web", by: "a", first: "c" });
        return patchOf();
      };
      rig.answers["/c"] = () => patchOf(label("first", "c"));
      const { object } = await mutate();
      expect(paths()).to.deep.equal(["/c", "/a", "/b"]);
      expect(labelsOf(object)).to.deep.equal({ app: "web", by: "a", first: "c" });
      expect(labelsOf(creation.object)).to.deep.equal({ app: "web" });
    });

    it("matches later webhooks against the mutated object", async () => {
      mutating({ name: "a" }, { name: "b", objectSelector: { matchLabels: { by: "a" } } });
      rig.answers["/a"] = () => patchOf(label("by", "a"));
      rig.answers["/b"] = allow;
      await mutate();
      expect(paths()).to.deep.equal(["/a", "/b"]);
    });

    it("stops at the first that refuses", async () => {
      mutating({ name: "a" }, { name: "b" });
      rig.answers["/a"] = () => ({ allowed: false });
      await rejectionOf(mutate());
      expect(paths()).to.deep.equal(["/a"]);
    });

    it("goes on without one that failed under Ignore", async () => {
      mutating({ name: "a", failurePolicy: "Ignore" }, { name: "b" });
      rig.answers["/a"] = (_, response) => void response.writeHead(500).end();
      rig.answers["/b"] = () => patchOf(label("by", "b"));
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
        configurations = [];
        mutating({ name: "a" });
        rig.answers["/a"] = () => ({ allowed: true, patchType: "JSONPatch", patch });
        expect((await refusalStatus(mutate())).message).to.match(
          /response\.patch is not base64|undecodable patch in webhook response/,
        );
        configurations = [];
        mutating({ name: "a", failurePolicy: "Ignore" });
        expect((await mutate()).object).to.equal(creation.object);
      }
    });

    it("takes a patch of another type for a failure", async () => {
      mutating({ name: "a" });
      rig.answers["/a"] = () => ({ allowed: true, patchType: "Full", patch: "W3t9XQ==" });
      expect((await refusalStatus(mutate())).message).to.match(/unsupported patch type "Full"/);
    });

    it("fails the request for a patch that does not apply, whatever the failurePolicy", async () => {
      mutating({ name: "a", failurePolicy: "Ignore" });
      rig.answers["/a"] = () => patchOf({ op: "remove", path: "/spec/nowhere" });
      expect(await refusalStatus(mutate())).to.include({ code: 500, reason: "InternalError" });
    });

    it("lets nobody patch an object that is not there", async () => {
      mutating({ name: "a" });
      rig.answers["/a"] = () => patchOf(label("by", "a"));
      const { object, ...deletion } = creation;
      const status = await refusalStatus(mutate({ ...deletion, operation: "DELETE", oldObject: object! }));
      expect(status.message).to.match(
        /attempted to modify the object, which is not supported for this operation/,
      );
    });

    it("leaves integers of 64 bits as they are", async () => {
      mutating({ name: "a" });
      rig.answers["/a"] = () => patchOf(label("by", "a"));
      const { object } = await mutate({
        ...creation,
        object: { metadata: { labels: {}, generation: 2n ** 62n } },
      });
      expect(object).to.deep.equal({ metadata: { labels: { by: "a" }, generation: 2n ** 62n } });
    });
  });
});
