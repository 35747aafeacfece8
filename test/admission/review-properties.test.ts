import { expect } from "chai";
import fc from "fast-check";
import { encodeLossless } from "../../src/admission/json-encoder.ts";
import { decodeReview } from "../../src/admission/review.ts";
import { scanReviewIdentity } from "../../src/admission/review-scan.ts";
import { CountersignError } from "../../src/errors.ts";
import { bodyOf, reviewOf } from "./deployment-review.ts";

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const slot = fc.option(
  fc
    .dictionary(fc.string({ unit: "grapheme", maxLength: 6 }), fc.jsonValue({ maxDepth: 4 }))
    .map((members) => {
      const { apiVersion, kind, ...rest } = members;
      return { apiVersion: "v1", kind: "Thing", ...rest };
    }),
  { nil: null },
);
const typed = (member: string): fc.Arbitrary<unknown> =>
  fc.record({ group: fc.string({ maxLength: 8 }), version: text, [member]: text });
const userInfo = fc.record(
  {
    username: text,
    uid: text,
    groups: fc.array(text, { maxLength: 4 }),
    extra: fc.dictionary(text, fc.array(text, { maxLength: 3 })),
  },
  { requiredKeys: ["username"] },
);
const requests = fc.record(
  {
    uid: text,
    kind: typed("kind"),
    resource: typed("resource"),
    requestKind: typed("kind"),
    requestResource: typed("resource"),
    subResource: text,
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: fc.constantFrom("CREATE", "UPDATE", "DELETE", "CONNECT"),
    userInfo,
    object: slot,
    oldObject: slot,
    options: slot,
    dryRun: fc.boolean(),
  },
  { requiredKeys: ["uid", "kind", "resource", "operation", "userInfo"] },
);
const reviews = fc
  .tuple(requests, fc.constantFrom("admission.k8s.io/v1", "admission.k8s.io/v1beta1"), fc.nat(2))
  .map(([asked, apiVersion, indent]) =>
    JSON.stringify({ kind: "AdmissionReview", apiVersion, request: asked }, undefined, indent),
  );

/** Decodes, or throws an error of ours that says where the fault is; anything else fails the test. */
function decodesOrRefuses(body: Buffer): void {
  try {
    decodeReview(body);
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError);
    const { code, message } = error as CountersignError;
    expect(code).to.match(/^ERR_REVIEW_(?:MALFORMED|DUPLICATE_MEMBER|VERSION)$/);
    expect(message).to.match(/^(?:the review|request|kind|apiVersion|response)/i);
  }
}

describe("decodeReview, whatever comes", () => {
  it("agrees with JSON.parse on every review there is, in every slot", () => {
    fc.assert(
      fc.property(reviews, (body) => {
        const { apiVersion, request: expected } = JSON.parse(body);
        const review = decodeReview(Buffer.from(body));
        expect(review.apiVersion).to.equal(apiVersion);
        const { object, oldObject, options, ...envelope } = expected;
        expect(review.request).to.deep.equal(envelope);
        for (const name of ["object", "oldObject", "options"] as const) {
          const wanted = expected[name] ?? undefined;
          expect(review[name]?.value()).to.deep.equal(wanted);
          if (wanted !== undefined) {
            expect(JSON.parse(encodeLossless(review[name]!.lossless()))).to.deep.equal(wanted);
            expect(JSON.parse(review[name]!.raw.toString())).to.deep.equal(wanted);
            expect(review[name]!.typeMeta()).to.deep.equal({
              apiVersion: wanted.apiVersion,
              kind: wanted.kind,
            });
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("survives reviews in which bytes were exchanged, inserted and cut out", () => {
    const bytes = fc.uint8Array({ maxLength: 4 });
    fc.assert(
      fc.property(
        reviews,
        fc.array(fc.tuple(fc.nat(), fc.nat(6), bytes), { maxLength: 3 }),
        (body, edits) => {
          let mutated = Buffer.from(body);
          for (const [where, cut, inserted] of edits) {
            const at = where % (mutated.length + 1);
            mutated = Buffer.concat([mutated.subarray(0, at), inserted, mutated.subarray(at + cut)]);
          }
          decodesOrRefuses(mutated);
          scanReviewIdentity(mutated);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("accepts nothing that JSON.parse would not", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      ",",
      ":",
      '"',
      "\\",
      "0",
      "null",
      "[",
      "]",
      " ",
      "\n",
      '"a":1,',
      "e5",
      "-",
    );
    fc.assert(
      fc.property(reviews, fc.nat(), fc.nat(3), piece, (body, where, cut, inserted) => {
        const at = where % body.length;
        const mutated = body.slice(0, at) + inserted + body.slice(at + cut);
        try {
          decodeReview(Buffer.from(mutated));
        } catch {
          return;
        }
        JSON.parse(mutated.toWellFormed());
      }),
      { numRuns: 2000 },
    );
  });

  it("survives members of any type", () => {
    const names = fc.constantFrom(
      "uid",
      "kind",
      "resource",
      "requestKind",
      "userInfo",
      "operation",
      "object",
      "oldObject",
      "options",
      "dryRun",
      "name",
      "UID",
      "x",
    );
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue({ maxDepth: 3 })), (changes) => {
        decodesOrRefuses(bodyOf(reviewOf(changes)));
      }),
      { numRuns: 1000 },
    );
  });

  it("survives bytes that were never JSON", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        decodesOrRefuses(Buffer.from(garbage));
        expect(scanReviewIdentity(Buffer.from(garbage)).uid).to.equal(undefined);
      }),
    );
  });

  it("and its uid is found in every prefix that holds it, and is never another one", () => {
    fc.assert(
      fc.property(reviews, fc.nat(), (body, where) => {
        const { apiVersion, request: asked } = JSON.parse(body);
        const whole = scanReviewIdentity(Buffer.from(body));
        expect(whole).to.deep.equal({ apiVersion, uid: asked.uid });
        const part = scanReviewIdentity(Buffer.from(body).subarray(0, where % body.length));
        expect([undefined, asked.uid]).to.include(part.uid);
        expect([undefined, apiVersion]).to.include(part.apiVersion);
      }),
      { numRuns: 1000 },
    );
  });
});
