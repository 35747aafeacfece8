import { expect } from "chai";
import { createAdmissionHandler } from "../../src/admission/handler.ts";
import { Denial, definePolicy, type Policy, type PolicyReview } from "../../src/admission/policy.ts";
import type { DecodedReview } from "../../src/admission/review.ts";
import type { AdmissionResponse } from "../../src/apis/admission.ts";
import { until } from "../until.ts";
import { expectCode } from "./coded-error.ts";
import { decoded, deployment, request } from "./deployment-review.ts";
import { match, publishedBy } from "./policy-fixtures.ts";

type Validate = NonNullable<Policy["validate"]>;

const validating = (...policies: readonly Policy[]) =>
  createAdmissionHandler({ path: "/validate", mutating: false, policies: () => policies });

/** The answer of a route with this one policy, which must be there at once. */
function judged(validate: unknown, review: DecodedReview = decoded()): AdmissionResponse {
  const policy = { name: "one", match, validate: validate as Validate };
  const response = validating(policy).review(review, undefined);
  expect(response).to.not.be.instanceOf(Promise);
  return response as AdmissionResponse;
}

const later = (validate: unknown, deadlineAt?: number): Promise<AdmissionResponse> =>
  Promise.resolve(
    validating({ name: "one", match, validate: validate as Validate }).review(
      decoded(),
      undefined,
      deadlineAt,
    ),
  );

describe("an admission handler", () => {
  it("allows what a policy says true to, and answers with the review's uid", () => {
    expect(judged(() => true)).to.deep.equal({ uid: request.uid, allowed: true });
  });

  it("denies what a policy says false to", () => {
    expect(judged(() => false).status).to.deep.equal({
      status: "Failure",
      message: "policy one denied the request",
      reason: "Forbidden",
      code: 403,
    });
  });

  it("denies in the policy's own words, with its code and reason", () => {
    const details = { code: 422, reason: "Invalid" };
    const response = judged((review: PolicyReview<unknown>) =>
      review.deny("images come from elsewhere", details),
    );
    expect(response.allowed).to.equal(false);
    expect(response.status).to.deep.equal({
      status: "Failure",
      message: "images come from elsewhere",
      ...details,
    });
  });

  it("takes a denial out of the review by destructuring, as it does warn and audit", () => {
    const response = judged(({ deny, warn, audit }: PolicyReview<unknown>) => {
      warn("w");
      audit("k", "v");
      return deny("no");
    });
    expect(response).to.deep.include({ allowed: false, warnings: ["w"], auditAnnotations: { k: "v" } });
  });

  describe("denies whatever is no verdict", () => {
    const verdicts: readonly [string, unknown][] = [
      ["undefined, a forgotten return", undefined],
      ["null", null],
      ["a number", 1],
      ["a string", "true"],
      ["an object", { allowed: true }],
      ["an array", [true]],
      ["a Boolean object", Object(true)],
      ["a function", () => true],
      ["an object that looks like a denial turned round", { message: "ok", code: 200, reason: undefined }],
    ];
    for (const [name, verdict] of verdicts)
      it(name, async () => {
        for (const response of [judged(() => verdict), await later(async () => verdict)]) {
          expect(response.allowed).to.equal(false);
          expect(response.status?.code).to.equal(500);
          expect(response.status?.message).to.equal("policy one gave no verdict");
        }
      });

    it("and says to the log what it was", () => {
      const messages = publishedBy(() => void judged(() => undefined));
      expect(messages).to.have.lengthOf(1);
      expect(messages[0]).to.include({
        policy: "one",
        path: "/validate",
        outcome: "failed",
        code: "ERR_POLICY_NO_VERDICT",
      });
      expect(messages[0]?.detail).to.include("a return is missing");
    });
  });

  it("never lets a denial pass for anything else, whatever is in it", () => {
    const response = judged(() => new Denial(undefined as never, 200, 7 as never));
    expect(response.allowed).to.equal(false);
    expect(response.status).to.deep.equal({
      status: "Failure",
      message: "undefined",
      reason: "Forbidden",
      code: 403,
    });
  });

  describe("denies where a policy throws", () => {
    const throwing: readonly [string, unknown][] = [
      ["an error", new Error("connect to db:5432 as root failed")],
      ["a string", "db:5432"],
      ["undefined", undefined],
      ["null", null],
    ];
    for (const [name, thrown] of throwing)
      it(`${name}, at once or later, and tells the user nothing of it`, async () => {
        const responses = [
          judged(() => {
            throw thrown;
          }),
          await later(() => Promise.reject(thrown)),
        ];
        for (const response of responses) {
          expect(response.allowed).to.equal(false);
          expect(response.status).to.deep.equal({
            status: "Failure",
            message: "policy one failed",
            reason: "InternalError",
            code: 500,
          });
        }
      });

    it("and tells the log", () => {
      const messages = publishedBy(() => {
        judged(
          (review: PolicyReview<{ spec: { none: { deep: string } } }>) => review.object.spec.none.deep === "",
        );
      });
      expect(messages[0]).to.include({ outcome: "failed", code: "ERR_POLICY_THREW" });
      expect(messages[0]?.detail).to.include("TypeError").and.include("handler.test.ts");
    });
  });

  describe("with a deadline", () => {
    it("denies when a policy does not answer in time, and aborts its signal", async () => {
      let signal: AbortSignal | undefined;
      const response = await later((review: PolicyReview<unknown>) => {
        signal = review.signal;
        return new Promise(() => undefined);
      }, Date.now() + 20);
      expect(response.status).to.deep.equal({
        status: "Failure",
        message: "policy one did not answer in time",
        reason: "Timeout",
        code: 504,
      });
      expect(signal?.aborted).to.equal(true);
    });

    it("denies when a policy gives up because its signal was aborted", async () => {
      const response = await later(
        ({ signal }: PolicyReview<unknown>) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
        Date.now() + 20,
      );
      expect(response.status?.code).to.equal(504);
    });

    it("denies without running anything when it has passed already", () => {
      let ran = false;
      const validate = (): boolean => {
        ran = true;
        return true;
      };
      const policy = definePolicy({ name: "one", match, validate });
      const response = validating(policy).review(decoded(), undefined, Date.now() - 1) as AdmissionResponse;
      expect(response.status?.code).to.equal(504);
      expect(ran).to.equal(false);
    });

    it("denies what blocked until it had passed, even if it then says true", () => {
      let now = 1_000;
      const after = (durationMs: number) => (): boolean => {
        now += durationMs;
        return true;
      };
      const handler = createAdmissionHandler({
        path: "/validate",
        mutating: false,
        clock: { now: () => now, random: () => 0 },
        policies: () => [{ name: "slow", match, validate: after(5_000) }],
      });
      const response = handler.review(decoded(), undefined, 3_000) as AdmissionResponse;
      expect(response.status?.message).to.equal("policy slow did not answer in time");
    });

    it("takes ten seconds where none is given, by its own clock", () => {
      let now = 0;
      const options = { path: "/v", mutating: false, clock: { now: () => now, random: () => 0 } };
      const takes = (durationMs: number, timeoutMs?: number): boolean => {
        const validate = (): boolean => {
          now += durationMs;
          return true;
        };
        const policies: Policy[] = [{ name: "p", match, validate }];
        const given = timeoutMs === undefined ? options : { ...options, timeoutMs };
        return (
          createAdmissionHandler({ ...given, policies: () => policies }).review(
            decoded(),
            undefined,
          ) as AdmissionResponse
        ).allowed;
      };
      expect([takes(9_999), takes(10_000), takes(10_000, 20_000), takes(500, 500)]).to.deep.equal([
        true,
        false,
        true,
        false,
      ]);
    });

    it("leaves no unhandled rejection behind when a policy fails after its answer", async () => {
      const late = Promise.withResolvers<boolean>();
      const response = await later(() => late.promise, Date.now() + 10);
      expect(response.allowed).to.equal(false);
      late.reject(new Error("after the answer"));
      await new Promise((resolve) => setImmediate(resolve));
    });

    it("aborts nothing any more once it has answered", async () => {
      let signal: AbortSignal | undefined;
      const watching = (review: PolicyReview<unknown>): Promise<boolean> => {
        signal = review.signal;
        return Promise.resolve(true);
      };
      const deadlineAt = Date.now() + 50;
      expect((await later(watching, deadlineAt)).allowed).to.equal(true);
      await until(() => Date.now() > deadlineAt + 5, "the deadline to pass");
      expect(signal?.aborted).to.equal(false);
    });
  });

  describe("with several policies", () => {
    const named = (
      name: string,
      validate: Validate,
      changes: Partial<Policy["match"][number]> = {},
    ): Policy => ({
      name,
      match: [{ ...match[0]!, ...changes }],
      validate,
    });

    it("asks those that match, in order, up to the first that refuses", () => {
      const asked: string[] = [];
      const note =
        (name: string, verdict: boolean): Validate =>
        () => {
          asked.push(name);
          return verdict;
        };
      const response = validating(
        named("pods", note("pods", false), { resources: ["pods"] }),
        named("first", note("first", true)),
        named("second", note("second", false)),
        named("third", note("third", true)),
      ).review(decoded(), undefined) as AdmissionResponse;
      expect(asked).to.deep.equal(["first", "second"]);
      expect(response.status?.message).to.equal("policy second denied the request");
    });

    it("goes on after one that had to wait, and does not wait where none has to", async () => {
      const handler = validating(
        named("now", () => true),
        named("later", async () => true),
        named("then", () => false),
      );
      const response = await handler.review(decoded(), undefined);
      expect(response.status?.message).to.equal("policy then denied the request");
    });

    it("allows what none of them matches, and counts it", () => {
      const handler = validating(named("pods", () => false, { resources: ["pods"] }));
      const messages = publishedBy(() => {
        expect(handler.review(decoded(), undefined)).to.deep.equal({ uid: request.uid, allowed: true });
      });
      expect(messages).to.deep.equal([
        { path: "/validate", policy: "", outcome: "unmatched", durationMs: 0 },
      ]);
    });

    it("lets none alter what another one sees", () => {
      const vandal: Validate = (review) => {
        review.object.metadata.labels = { "system:masters": "yes" };
        delete review.object.spec;
        review.options.fieldManager = "someone else";
        return true;
      };
      let seen: unknown;
      const witness: Validate = ({ object, options, request: asked, user }) => {
        seen = [object, options, asked.userInfo === user];
        return true;
      };
      const handler = validating(named("vandal", vandal), named("witness", witness));
      expect(handler.review(decoded(), undefined)).to.include({ allowed: true });
      expect(seen).to.deep.equal([deployment, request.options, true]);
    });

    it("freezes what they share: request, user, caller", () => {
      const caller = {
        method: "webhookToken",
        user: { username: "api", groups: ["a"], extra: { k: ["v"] } },
      };
      const shared = [
        (review: PolicyReview<unknown>) => review.request,
        (review: PolicyReview<unknown>) => review.request.kind,
        (review: PolicyReview<unknown>) => review.user,
        (review: PolicyReview<unknown>) => review.user.groups,
        (review: PolicyReview<unknown>) => review.caller,
        (review: PolicyReview<unknown>) => review.caller?.user.groups,
        (review: PolicyReview<unknown>) => review.caller?.user.extra?.k,
      ];
      const policy = named("p", (review) => shared.every((part) => Object.isFrozen(part(review))));
      expect(validating(policy).review(decoded(), caller)).to.include({ allowed: true });
    });

    it("uses the policies that are there when the review comes", () => {
      let verdict = true;
      let current = [named("old", () => true)];
      const handler = createAdmissionHandler({ path: "/v", mutating: false, policies: () => current });
      expect(handler.review(decoded(), undefined)).to.include({ allowed: true });
      verdict = false;
      current = [named("new", () => verdict)];
      expect(handler.review(decoded(), undefined)).to.include({ allowed: false });
    });
  });

  it("shows a policy who asked, who called, and the objects there are", () => {
    const caller = { method: "webhookToken", user: { username: "api" }, attestedAPIGroup: "apps" };
    let review: PolicyReview<unknown> | undefined;
    const policy = definePolicy({
      name: "p",
      match: [{ ...match[0]!, operations: ["*"] }],
      validate: (shown) => {
        review = shown;
        return true;
      },
    });
    const deletion = decoded({ operation: "DELETE", object: null, oldObject: deployment });
    expect(validating(policy).review(deletion, caller)).to.include({ allowed: true });
    expect(review?.object).to.equal(undefined);
    expect(review?.oldObject).to.deep.equal(deployment);
    expect(review?.options).to.deep.equal(request.options);
    expect(review?.user.username).to.equal("system:serviceaccount:shop:deployer");
    expect(review?.caller).to.deep.equal(caller);
    expect(review?.request.operation).to.equal("DELETE");
    expect(review?.object).to.equal(review?.object);
    expect(review?.oldObject).to.equal(review?.oldObject);
  });

  it("carries what policies warn of and audit, on both verdicts", () => {
    const say: Validate = (review) => {
      review.warn("careful\nhere");
      review.warn("careful\nhere");
      review.audit("rule", "7");
      review.audit("rule", "8");
      return review.request.name === "web";
    };
    for (const [name, allowed] of [
      ["web", true],
      ["other", false],
    ] as const) {
      const response = judged(say, decoded({ name }));
      expect(response.allowed).to.equal(allowed);
      expect(response.warnings).to.deep.equal(["careful here"]);
      expect(response.auditAnnotations).to.deep.equal({ rule: "8" });
    }
  });

  it("refuses an audit key that the API server would drop without a word", () => {
    const auditing = (key: string) => (review: PolicyReview<unknown>) => {
      review.audit(key, "v");
      return true;
    };
    for (const key of ["countersign.dev/rule", "", "ä", "a b", "-a", "a-", "x".repeat(64)]) {
      const response = judged(auditing(key));
      expect(response.status?.message, key).to.equal("policy one failed");
    }
    for (const key of ["a", "A.b_c-9", "x".repeat(63)])
      expect(judged(auditing(key)).auditAnnotations).to.deep.equal({ [key]: "v" });
  });

  it("refuses, before any review, a policy that is none for its route", () => {
    const bad = { name: "", match: [], mutate: () => undefined };
    expectCode(
      "ERR_POLICY_INVALID",
      /name must be.*match must list.*mutate is only for routes of a mutating webhook/,
      () => validating(bad as unknown as Policy),
    );
  });

  it("and at the next review, where one was exchanged for it", () => {
    let current: readonly Policy[] = [];
    const handler = createAdmissionHandler({ path: "/v", mutating: false, policies: () => current });
    current = [{ name: "p", match } as unknown as Policy];
    expectCode("ERR_POLICY_INVALID", "neither validate nor mutate", () =>
      handler.review(decoded(), undefined),
    );
  });

  it("says how every policy answered, and how long it took", () => {
    const messages = publishedBy(() => {
      judged(() => true);
      judged(() => false);
    });
    expect(messages.map(({ outcome, code }) => [outcome, code])).to.deep.equal([
      ["allowed", undefined],
      ["denied", "ERR_POLICY_DENIED"],
    ]);
    for (const { durationMs } of messages) expect(durationMs).to.be.at.least(0);
  });
});
