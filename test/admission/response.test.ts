import { expect } from "chai";
import fc from "fast-check";
import {
  allowedResponse,
  deniedResponse,
  encodeReview,
  erroredResponse,
} from "../../src/admission/response.ts";
import type { AdmissionResponse } from "../../src/apis/admission.ts";
import { CountersignError } from "../../src/errors.ts";

const asked = { uid: "0df28fbd-5f5f-11e8-bc74-36e6bb280816" };

describe("an answer", () => {
  it("that allows says so and nothing more", () => {
    expect(allowedResponse(asked)).to.deep.equal({ uid: asked.uid, allowed: true });
  });

  it("carries a patch as base64 of what was given, with its type", () => {
    const patch = '[{"op":"add","path":"/metadata/labels/é","value":9007199254740993}]';
    const response = allowedResponse(asked, { patch });
    expect(response.patchType).to.equal("JSONPatch");
    expect(Buffer.from(response.patch!, "base64").toString()).to.equal(patch);
  });

  it("has neither patch nor patchType where nothing changed: an API server wants both or none", () => {
    expect(allowedResponse(asked, { patch: "[]" })).to.deep.equal({ uid: asked.uid, allowed: true });
  });

  it("that denies is a Status the API server can show its client", () => {
    expect(deniedResponse(asked, { message: "no" })).to.deep.equal({
      uid: asked.uid,
      allowed: false,
      status: { status: "Failure", message: "no", reason: "Forbidden", code: 403 },
    });
    const details = { message: "later", code: 429, reason: "TooManyRequests" };
    expect(deniedResponse(asked, details).status).to.deep.equal({ status: "Failure", ...details });
    expect(deniedResponse(asked, { message: "odd", code: 422 }).status).to.not.have.property("reason");
  });

  it("never denies with a code that reads as a success", () => {
    for (const code of [0, 200, 302, 399, 600, 403.5, Number.NaN, Infinity])
      expect(deniedResponse(asked, { message: "no", code }).status?.code, String(code)).to.equal(403);
  });

  it("to an error has the status and reason of its code", () => {
    const error = new CountersignError("ERR_REVIEW_TOO_LARGE", "the body is too large");
    expect(erroredResponse(asked, error)).to.deep.equal({
      uid: asked.uid,
      allowed: false,
      status: {
        status: "Failure",
        message: "the body is too large",
        reason: "RequestEntityTooLarge",
        code: 413,
      },
    });
  });

  it("carries warnings and audit annotations on both verdicts, and none where there are none", () => {
    const details = { warnings: ["careful"], auditAnnotations: { rule: "7" } };
    for (const response of [
      allowedResponse(asked, details),
      deniedResponse(asked, { message: "no", ...details }),
      erroredResponse(asked, new CountersignError("ERR_POLICY_THREW", "x"), details),
    ])
      expect(response).to.deep.include(details);
    const bare = allowedResponse(asked, { warnings: ["", "\n"], auditAnnotations: {} });
    expect(bare).to.have.all.keys("uid", "allowed");
  });
});

describe("encodeReview", () => {
  it("writes a review of the version that asked", () => {
    for (const apiVersion of ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] as const)
      for (const response of [allowedResponse(asked), deniedResponse(asked, { message: "no" })])
        expect(JSON.parse(encodeReview(apiVersion, response))).to.deep.equal({
          apiVersion,
          kind: "AdmissionReview",
          response,
        });
  });

  it("writes ASCII whatever the answer holds, and nothing is lost by it", () => {
    const strings = fc.string({ unit: "binary" });
    const responses: fc.Arbitrary<AdmissionResponse> = fc
      .tuple(strings, fc.boolean(), strings, fc.array(strings), fc.dictionary(strings, strings))
      .map(([uid, allowed, message, warnings, auditAnnotations]) => ({
        uid,
        allowed,
        status: { message },
        warnings,
        auditAnnotations,
      }));
    fc.assert(
      fc.property(responses, (response) => {
        const text = encodeReview("admission.k8s.io/v1", response);
        expect(text).to.match(/^[\x20-\x7f]*$/);
        expect(Buffer.byteLength(text)).to.equal(text.length);
        expect(JSON.parse(text).response).to.deep.equal(response);
      }),
    );
  });

  it("writes a uid that is no uuid as the string it is", () => {
    for (const uid of ['"},"allowed":true', "\\", "größe", "a\nb"]) {
      const text = encodeReview("admission.k8s.io/v1", { uid, allowed: true });
      expect(JSON.parse(text).response).to.deep.equal({ uid, allowed: true });
    }
  });
});
