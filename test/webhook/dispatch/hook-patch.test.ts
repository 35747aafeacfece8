import { expect } from "chai";
import type { AdmissionAttributes } from "../../../src/admission/admission-attributes.ts";
import type { JSONObject, JSONValue } from "../../../src/admission/json-value.ts";
import type { VerifiedResponse } from "../../../src/webhook/dispatch/admission-review.ts";
import type { PatchedObjects } from "../../../src/webhook/dispatch/dispatcher.ts";
import { patchedObject } from "../../../src/webhook/dispatch/hook-patch.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation } from "../webhook-rig.ts";

const webhook = { name: "a", clientConfig: {}, admissionReviewVersions: ["v1"] };
const response = (patch: string, more: Partial<VerifiedResponse> = {}): VerifiedResponse => ({
  allowed: true,
  status: undefined,
  auditAnnotations: {},
  warnings: [],
  patch: Buffer.from(patch).toString("base64"),
  patchType: "JSONPatch",
  ...more,
});
const add = (path: string, value: unknown): string => JSON.stringify([{ op: "add", path, value }]);
const patch = (
  given: VerifiedResponse,
  attributes: AdmissionAttributes = creation,
  patchedObjects?: PatchedObjects,
) => patchedObject(webhook, attributes, given, patchedObjects);

describe("a webhook's patch", () => {
  for (const nothing of ["", "null", "[]"])
    it(`${JSON.stringify(nothing)} is none, of whatever type, and needs no object`, async () => {
      const { object, ...deletion } = creation;
      expect(await patch(response(nothing, { patchType: "Full" }), deletion)).to.equal(undefined);
    });

  it("makes another object, and leaves the one it was shown as it is", async () => {
    const made = await patch(response(add("/metadata/labels/by", "a")));
    expect(made).to.deep.include({ changed: true });
    expect((made!.object as JSONObject).metadata).to.deep.include({ labels: { app: "web", by: "a" } });
    expect((creation.object as JSONObject).metadata).to.deep.include({ labels: { app: "web" } });
  });

  it("that says what is so already is a patch, and changes nothing", async () => {
    const made = await patch(response(add("/metadata/labels/app", "web")));
    expect(made?.changed).to.equal(false);
    expect(made?.patch).to.have.length(1);
  });

  for (const text of ["{", "{}", '"x"', "1"])
    it(`that reads ${text} is the webhook's failure`, async () => {
      const error = await rejectionOf(patch(response(text)));
      expect(error).to.include({ code: "ERR_WEBHOOK_CALL", countedAs: 503 });
      expect(error.message).to.match(/^failed calling webhook "a": received undecodable patch/);
    });

  it("of another type is the webhook's failure, counted by what it answered", async () => {
    const status = { code: 422 };
    const error = await rejectionOf(patch(response("[{}]", { patchType: "Full", status })));
    expect(error).to.include({ code: "ERR_WEBHOOK_CALL", countedAs: 422 });
    expect(error.message).to.match(/unsupported patch type "Full"/);
    const without = await rejectionOf(patch(response("[{}]", { patchType: "Full" })));
    expect(without).to.include({ countedAs: 400 });
  });

  const unforgivable: readonly (readonly [string, string])[] = [
    ["removes what is not there", '[{"op":"remove","path":"/spec/none"}]'],
    ["is of operations there are not", '[{"op":"sub","path":"/x"}]'],
    ["tests in vain", '[{"op":"test","path":"/kind","value":"Pod"}]'],
  ];
  for (const [name, text] of unforgivable)
    it(`that ${name} fails the request with 500`, async () => {
      const error = await rejectionOf(patch(response(text)));
      expect(error).to.include({ code: "ERR_WEBHOOK_REJECTED" });
      expect(error.cause).to.include({ code: 500, reason: "InternalError" });
    });

  it("where there is no object fails the request with 500", async () => {
    const { object, ...deletion } = creation;
    const { cause } = await rejectionOf(patch(response(add("/a", 1)), deletion));
    expect((cause as Error).message).to.equal(
      'Internal error occurred: admission webhook "a" attempted to modify the object, which is not supported for this operation',
    );
  });

  it("that copies more than 3 MiB fails the request with 500", async () => {
    const object = { data: { a: "x".repeat(1024 * 1024) } };
    const copies = Array.from({ length: 3 }, (_, index) => ({
      op: "copy",
      from: "/data/a",
      path: `/data/b${index}`,
    }));
    const error = await rejectionOf(patch(response(JSON.stringify(copies)), { ...creation, object }));
    expect(error.message).to.match(/copies more than 3145728 bytes/);
  });

  describe("where an API server reads and defaults what it made", () => {
    const scheme = (steps: string[] = []): PatchedObjects => ({
      decode(object, { kind }) {
        steps.push(`decode ${kind}`);
        const { unknown, ...known } = object as JSONObject;
        return known;
      },
      default(object: JSONValue) {
        steps.push("default");
        return { ...(object as JSONObject), defaulted: true };
      },
    });

    it("is read, then defaulted", async () => {
      const steps: string[] = [];
      const made = await patch(response(add("/unknown", 1)), creation, scheme(steps));
      expect(steps).to.deep.equal(["decode Deployment", "default"]);
      expect(made?.object).to.deep.equal({ ...(creation.object as JSONObject), defaulted: true });
    });

    it("has changed it if what was read is another, defaults aside", async () => {
      expect((await patch(response(add("/unknown", 1)), creation, scheme()))?.changed).to.equal(false);
      expect((await patch(response(add("/known", 1)), creation, scheme()))?.changed).to.equal(true);
    });

    it("fails the request with 500 when it cannot be read", async () => {
      const broken: PatchedObjects = {
        ...scheme(),
        decode: () => {
          throw new Error("cannot unmarshal number into Go struct field");
        },
      };
      const { cause } = await rejectionOf(patch(response(add("/spec", 1)), creation, broken));
      expect(cause).to.include({ code: 500 });
      expect((cause as Error).message).to.match(/of admission webhook "a": cannot unmarshal/);
    });
  });
});
