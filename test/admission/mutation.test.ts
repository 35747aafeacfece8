import { expect } from "chai";
import { createAdmissionHandler } from "../../src/admission/handler.ts";
import { applyJSONPatch } from "../../src/admission/json-patch.ts";
import { parseLossless } from "../../src/admission/json-runtime.ts";
import type { FreeForm, Policy, PolicyReview } from "../../src/admission/policy.ts";
import { type DecodedReview, decodeReview } from "../../src/admission/review.ts";
import type { AdmissionResponse } from "../../src/apis/admission.ts";
import { bodyOf, decoded, deployment, request, reviewOf } from "./deployment-review.ts";
import { match, publishedBy } from "./policy-fixtures.ts";

type Mutate = NonNullable<Policy["mutate"]>;

const mutating = (...policies: readonly Policy[]) =>
  createAdmissionHandler({ path: "/mutate", mutating: true, policies: () => policies });

function mutated(mutate: unknown, review: DecodedReview = decoded()): AdmissionResponse {
  const policy = { name: "one", match, mutate: mutate as Mutate };
  const response = mutating(policy).review(review, undefined);
  expect(response).to.not.be.instanceOf(Promise);
  return response as AdmissionResponse;
}

const patchOf = (response: AdmissionResponse): FreeForm =>
  JSON.parse(Buffer.from(response.patch!, "base64").toString());

describe("a mutating route", () => {
  it("makes a patch of what a policy changed in place", () => {
    const response = mutated((review: PolicyReview<typeof deployment>) => {
      Object.assign(review.object.metadata.labels, { "countersign.dev/seen": "yes" });
      review.object.spec.replicas = 5;
    });
    expect(response).to.include({ allowed: true, patchType: "JSONPatch" });
    expect(patchOf(response)).to.deep.equal([
      { op: "add", path: "/metadata/labels/countersign.dev~1seen", value: "yes" },
      { op: "replace", path: "/spec/replicas", value: 5 },
    ]);
  });

  it("and of an object that a policy returned, at once or later", async () => {
    const mutate = (review: PolicyReview<typeof deployment>) => ({
      ...review.object,
      spec: { ...review.object.spec, replicas: 5 },
    });
    const expected = [{ op: "replace", path: "/spec/replicas", value: 5 }];
    expect(patchOf(mutated(mutate))).to.deep.equal(expected);
    const later: Policy = { name: "one", match, mutate: async (review) => mutate(review) };
    expect(patchOf(await mutating(later).review(decoded(), undefined))).to.deep.equal(expected);
  });

  it("has no patch where nothing changed in the end", () => {
    const untouched: readonly unknown[] = [
      () => undefined,
      (review: PolicyReview<unknown>) => void review.object,
      (review: PolicyReview<unknown>) => review.object,
      (review: PolicyReview<typeof deployment>) => {
        review.object.spec.replicas = 7;
        review.object.spec.replicas = 3;
      },
      (review: PolicyReview<FreeForm>) => {
        review.object.metadata.nothing = undefined;
      },
    ];
    for (const mutate of untouched)
      expect(mutated(mutate)).to.deep.equal({ uid: request.uid, allowed: true });
  });

  it("removes members that a policy made undefined", () => {
    const response = mutated((review: PolicyReview<FreeForm>) => {
      review.object.status = undefined;
      delete review.object.metadata.labels;
    });
    expect(patchOf(response)).to.have.deep.members([
      { op: "remove", path: "/status" },
      { op: "remove", path: "/metadata/labels" },
    ]);
  });

  it("keeps 64-bit integers, also where the value around them is written anew", () => {
    const object = JSON.stringify(
      reviewOf({ object: { apiVersion: "apps/v1", kind: "Deployment", spec: { items: ["BIG"] } } }),
    );
    const review = decodeReview(Buffer.from(object.replace('"BIG"', '{"id":9007199254740993}')));
    const response = mutated((shown: PolicyReview<FreeForm>) => {
      shown.object.spec.copy = { of: shown.object.spec.items[0] };
      shown.object.spec.more = 2n ** 63n - 1n;
    }, review);
    expect(Buffer.from(response.patch!, "base64").toString()).to.equal(
      '[{"op":"add","path":"/spec/copy","value":{"of":{"id":9007199254740993}}},' +
        '{"op":"add","path":"/spec/more","value":9223372036854775807}]',
    );
  });

  it("keeps a __proto__ key, in the object and in the patch", () => {
    const text = JSON.stringify(
      reviewOf({ object: { apiVersion: "apps/v1", kind: "Deployment", data: "DATA" } }),
    );
    const review = decodeReview(Buffer.from(text.replace('"DATA"', '{"__proto__":"kept"}')));
    const response = mutated((shown: PolicyReview<FreeForm>) => {
      shown.object.copy = { ...shown.object.data };
    }, review);
    const result = applyJSONPatch(
      review.object!.lossless(),
      parseLossless(Buffer.from(response.patch!, "base64").toString()),
    );
    expect(JSON.stringify(result)).to.include('"data":{"__proto__":"kept"},"copy":{"__proto__":"kept"}');
  });

  it("denies where a policy returns a denial, and sends no patch along", () => {
    const response = mutated((review: PolicyReview<typeof deployment>) => {
      review.object.spec.replicas = 9;
      return review.deny("never", { code: 409, reason: "Conflict" });
    });
    expect(response).to.deep.equal({
      uid: request.uid,
      allowed: false,
      status: { status: "Failure", message: "never", code: 409, reason: "Conflict" },
    });
  });

  describe("denies where what came of it cannot be the object", () => {
    const assigning = (review: PolicyReview<FreeForm>): string => {
      review.object.metadata.labels.a = "b";
      return review.object.metadata.labels.a;
    };
    const strays: readonly [string, unknown][] = [
      ["true", () => true],
      ["false", () => false],
      ["null", () => null],
      ["an array", () => []],
      ["the value of an assignment", assigning],
      [
        "the labels, from Object.assign",
        (review: PolicyReview<FreeForm>) => Object.assign(review.object.metadata.labels, { a: "b" }),
      ],
      ["an object of another kind", (review: PolicyReview<FreeForm>) => ({ ...review.object, kind: "Pod" })],
      [
        "an object whose version was changed in place",
        (review: PolicyReview<FreeForm>) => Object.assign(review.object, { apiVersion: "apps/v2" }),
      ],
    ];
    for (const [name, mutate] of strays)
      it(name, () => {
        const messages = publishedBy(() => {
          expect(mutated(mutate).status).to.include({ code: 500, message: "policy one gave no verdict" });
        });
        expect(messages[0]).to.include({ outcome: "failed", code: "ERR_POLICY_NO_VERDICT" });
      });

    const unwritable: readonly [string, unknown][] = [
      ["NaN", Number.NaN],
      ["Infinity", Infinity],
      ["a function", () => 1],
      ["a symbol", Symbol("x")],
      ["undefined in an array", undefined],
    ];
    for (const [name, value] of unwritable)
      it(`${name}, which JSON has no word for`, () => {
        const messages = publishedBy(() => {
          const response = mutated((review: PolicyReview<FreeForm>) => {
            review.object.spec.bad = [value];
          });
          expect(response.status?.message).to.equal("policy one made of the object what is not JSON");
        });
        expect(messages[0]).to.include({ code: "ERR_PATCH_INVALID" });
        expect(messages[0]?.detail).to.include("/spec/bad/0");
      });

    it("a sparse array, whose holes would make a patch that nobody can read", () => {
      const response = mutated((review: PolicyReview<FreeForm>) => {
        review.object.spec.list = [1];
        review.object.spec.list[3] = 4;
      });
      expect(response.status?.message).to.equal("policy one made of the object what is not JSON");
    });

    it("an object that holds itself", () => {
      const response = mutated((review: PolicyReview<FreeForm>) => {
        review.object.spec.itself = review.object;
      });
      expect(response.allowed).to.equal(false);
    });

    it("an object on DELETE, where there is none to patch", () => {
      const policy: Policy = {
        name: "one",
        match: [{ ...match[0]!, operations: ["*"] }],
        mutate: () => deployment,
      };
      const review = decoded({ operation: "DELETE", object: null, oldObject: deployment });
      expect(mutating(policy).review(review, undefined)).to.deep.include({ allowed: false });
      const idle: Policy = { ...policy, mutate: ({ object }) => object };
      expect(mutating(idle).review(review, undefined)).to.deep.equal({ uid: request.uid, allowed: true });
    });
  });

  it("writes a Date as JSON.stringify writes it", () => {
    const response = mutated((review: PolicyReview<FreeForm>) => {
      review.object.metadata.annotations.at = new Date(0);
    });
    expect(patchOf(response)).to.deep.equal([
      { op: "add", path: "/metadata/annotations/at", value: "1970-01-01T00:00:00.000Z" },
    ]);
  });

  describe("with several policies", () => {
    const add = (name: string): Policy => ({
      name,
      match,
      mutate: (review) => {
        review.object.metadata.annotations[name] = Object.keys(review.object.metadata.annotations).join();
      },
    });

    it("shows each what the one before it left, and makes one patch of all", () => {
      const response = mutating(add("a"), add("b")).review(decoded(), undefined) as AdmissionResponse;
      expect(patchOf(response)).to.deep.equal([
        { op: "add", path: "/metadata/annotations/a", value: "example.org~1note".replace("~1", "/") },
        { op: "add", path: "/metadata/annotations/b", value: "example.org/note,a" },
      ]);
    });

    it("lets none change afterwards what it has handed over", () => {
      let kept: FreeForm;
      const keep = (object: FreeForm): undefined => {
        kept = object;
      };
      const keeper: Policy = { name: "keeper", match, mutate: (review) => keep(review.object) };
      const spoiler: Policy = {
        name: "spoiler",
        match,
        mutate: (review) => {
          kept.metadata.labels.evil = "yes";
          review.object.metadata.labels.good = "yes";
        },
      };
      const response = mutating(keeper, spoiler).review(decoded(), undefined) as AdmissionResponse;
      expect(patchOf(response)).to.deep.equal([{ op: "add", path: "/metadata/labels/good", value: "yes" }]);
    });

    it("validates what came of all of them, with numbers as JSON.parse gives them", () => {
      const seen: unknown[] = [];
      const judge: Policy = {
        name: "judge",
        match,
        validate: (review) => {
          seen.push(review.object.metadata.annotations.last, review.object.spec.big);
          review.object.metadata.annotations.last = "changed by a judge";
          return true;
        },
      };
      const last: Policy = {
        name: "last",
        match,
        mutate: (review) => {
          review.object.metadata.annotations.last = "yes";
          review.object.spec.big = 9007199254740993n;
        },
        validate: judge.validate!,
      };
      const response = mutating(judge, last).review(decoded(), undefined) as AdmissionResponse;
      expect(seen).to.deep.equal(["yes", 9007199254740992, "yes", 9007199254740992]);
      expect(JSON.stringify(patchOf(response))).to.not.include("judge");
    });

    it("sends no patch where a validating one denies what came of it", () => {
      const judge: Policy = { name: "judge", match, validate: () => false };
      const response = mutating(add("a"), judge).review(decoded(), undefined) as AdmissionResponse;
      expect(response).to.include({ allowed: false }).and.not.have.property("patch");
    });

    it("stops at the first that fails", () => {
      let ran = false;
      const run = (): boolean => {
        ran = true;
        return true;
      };
      const failing: Policy = {
        name: "failing",
        match,
        mutate: () => {
          throw new Error("x");
        },
      };
      const after: Policy = {
        name: "after",
        match,
        mutate: run,
        validate: run,
      };
      const response = mutating(failing, after).review(decoded(), undefined) as AdmissionResponse;
      expect(response.status?.message).to.equal("policy failing failed");
      expect(ran).to.equal(false);
    });
  });

  it("denies where a policy does not finish its change in time", async () => {
    const policy: Policy = { name: "slow", match, mutate: () => new Promise(() => undefined) };
    const response = await mutating(policy).review(
      decodeReview(bodyOf(reviewOf())),
      undefined,
      Date.now() + 10,
    );
    expect(response.status).to.include({ code: 504, message: "policy slow did not answer in time" });
  });
});
