import { expect } from "chai";
import fc from "fast-check";
import type { JSONObject, JSONValue } from "../../../src/admission/json-value.ts";
import { CountersignError } from "../../../src/errors.ts";
import { buildReview, verifyReview } from "../../../src/webhook/dispatch/admission-review.ts";
import { creation } from "../webhook-rig.ts";

const webhook = { name: "a.example.com", clientConfig: {}, admissionReviewVersions: ["v2", "v1beta1", "v1"] };
const v1 = buildReview({ ...webhook, admissionReviewVersions: ["v1"] }, creation);
const v1beta1 = buildReview(webhook, creation);

const answer = (response: object, members: object = {}): JSONObject =>
  ({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: v1.uid, ...response },
    ...members,
  }) as JSONObject;

function faultOf(body: JSONValue, mutating = false): string {
  try {
    verifyReview(v1, body, mutating);
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError).and.include({ code: "ERR_WEBHOOK_CALL" });
    return (error as Error).message;
  }
  return "no fault";
}

describe("admission review", () => {
  it("is built in the first version both know, under a uid of its own", () => {
    expect(v1beta1.apiVersion).to.equal("admission.k8s.io/v1beta1");
    expect(v1.uid).to.not.equal(v1beta1.uid);
    expect(() => buildReview({ ...webhook, admissionReviewVersions: ["v2"] }, creation)).to.throw(
      /known AdmissionReview/,
    );
  });

  it("has kube-apiserver's members in kube-apiserver's order, null where there is no object", () => {
    const { request } = buildReview(webhook, {
      ...creation,
      operation: "DELETE",
      subResource: "status",
    }).review;
    expect(Object.keys(request as object)).to.deep.equal([
      "uid",
      "kind",
      "resource",
      "subResource",
      "requestKind",
      "requestResource",
      "requestSubResource",
      "name",
      "namespace",
      "operation",
      "userInfo",
      "object",
      "oldObject",
      "dryRun",
      "options",
    ]);
    expect(request).to.deep.include({ oldObject: null, dryRun: false, options: null });
  });

  it("takes an answer to it", () => {
    const response = { allowed: true, warnings: ["w"], auditAnnotations: { k: "v" } };
    expect(verifyReview(v1, answer(response), false)).to.deep.include(response);
  });

  const faults: readonly (readonly [string, JSONValue, boolean, RegExp])[] = [
    ["no response", {}, false, /webhook response was absent/],
    ["nothing at all", null, false, /webhook response was absent/],
    ["another uid", answer({ uid: "other" }), false, /expected response\.uid="[^"]+", got "other"/],
    ["no uid", answer({ uid: null }), false, /got ""/],
    [
      "another version",
      answer({}, { apiVersion: "admission.k8s.io/v1beta1" }),
      false,
      /got admission\.k8s\.io\/v1beta1, Kind=AdmissionReview/,
    ],
    [
      "no type",
      answer({}, { apiVersion: null, kind: null }),
      false,
      /expected webhook response of admission\.k8s\.io\/v1, Kind=AdmissionReview, got \/, Kind=/,
    ],
    [
      "a patch from a validating webhook",
      answer({ patch: "W10=" }),
      false,
      /validating webhook may not return response\.patch$/,
    ],
    [
      "a patchType from a validating webhook",
      answer({ patchType: "JSONPatch" }),
      false,
      /may not return response\.patchType/,
    ],
    [
      "a patch without its type",
      answer({ patch: "W10=" }),
      true,
      /response\.patch but not response\.patchType/,
    ],
    [
      "a type without its patch",
      answer({ patchType: "JSONPatch" }),
      true,
      /response\.patchType but not response\.patch/,
    ],
    [
      "an empty patchType",
      answer({ patch: "W10=", patchType: "" }),
      true,
      /invalid response\.patchType of ""/,
    ],
    [
      "allowed that is no boolean",
      answer({ allowed: "true" }),
      false,
      /response\.allowed is not true or false/,
    ],
    ["a status that is none", answer({ status: "no" }), false, /response\.status is not an object/],
    ["warnings that are none", answer({ warnings: [1] }), false, /response\.warnings/],
  ];
  for (const [name, body, mutating, message] of faults)
    it(`refuses ${name}`, () => {
      expect(faultOf(body, mutating)).to.match(message);
    });

  it("holds a denial to the same", () => {
    expect(faultOf(answer({ allowed: false, uid: "other" }))).to.match(/expected response\.uid/);
  });

  it("asks of a v1beta1 answer only that there is a response, and assumes a JSON patch", () => {
    const body = { response: { allowed: true, patch: "W10=" } };
    expect(verifyReview(v1beta1, body, true)).to.include({
      allowed: true,
      patch: "W10=",
      patchType: "JSONPatch",
    });
    expect(verifyReview(v1beta1, body, false)).to.include({ patch: "" });
  });

  it("never allows what does not say so, whatever comes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.boolean(), (allowed, rest, mutating) => {
        const members = typeof rest === "object" && rest !== null ? rest : {};
        for (const body of [rest, answer({ ...members, allowed }), answer({ allowed }, members)]) {
          try {
            const verified = verifyReview(v1, body as JSONValue, mutating);
            if (verified.allowed)
              expect([allowed, (members as { allowed?: unknown }).allowed]).to.include(true);
          } catch (error) {
            if (!(error instanceof CountersignError)) throw error;
          }
        }
      }),
    );
  });
});
