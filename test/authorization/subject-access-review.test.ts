import { expect } from "chai";
import type { SubjectAccessReview, SubjectAccessReviewStatus } from "../../src/apis/authorization.ts";
import type { AccessAttributes } from "../../src/authorization/authorizer.ts";
import {
  createSubjectAccessReviewAuthorizer,
  processAccessReview,
  type SubjectAccessReviewOptions,
} from "../../src/authorization/subject-access-review.ts";
import { CountersignError } from "../../src/errors.ts";
import { rejectionOf } from "../rejection.ts";

const user = { username: "jane", uid: "u", groups: ["a"], extra: { scopes: ["x"] } };
const resource = { verb: "get", group: "g", version: "v1", resource: "rs", namespace: "n", name: "x" };
const attributes: AccessAttributes = { user, resource };
const askedOf = (name: string): AccessAttributes => ({ user, resource: { ...resource, name } });

describe("createSubjectAccessReviewAuthorizer", () => {
  let asked: SubjectAccessReview[];
  let answer: SubjectAccessReviewStatus | Error;
  let now: number;
  beforeEach(() => {
    [asked, answer, now] = [[], { allowed: true }, 1_000_000];
  });
  const authorizerOf = (options: Partial<SubjectAccessReviewOptions> = {}) =>
    createSubjectAccessReviewAuthorizer({
      client: {
        async createSubjectAccessReview(review) {
          asked.push(review);
          if (answer instanceof Error) throw answer;
          return { ...review, status: answer };
        },
      },
      clock: { now: () => now, random: () => 0.5 },
      ...options,
    });

  it("asks everything that is known of the user and of the request, without what is empty", async () => {
    await authorizerOf().authorize({ user, resource: { ...resource, subresource: "" } });
    expect(asked[0]).to.deep.equal({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: "jane", uid: "u", groups: ["a"], extra: { scopes: ["x"] }, resourceAttributes: resource },
    });
    await authorizerOf().authorize({
      user: { username: "bob", groups: [], extra: {} },
      nonResource: { path: "/metrics", verb: "get" },
    });
    expect(asked[1]!.spec).to.deep.equal({
      user: "bob",
      nonResourceAttributes: { path: "/metrics", verb: "get" },
    });
  });

  it("remembers leave for ten seconds, and answers then without a promise", async () => {
    const authorizer = authorizerOf();
    const first = await authorizer.authorize(attributes);
    now += 9_999;
    expect(authorizer.authorize(attributes)).to.equal(first);
    now += 1;
    await authorizer.authorize(attributes);
    expect(asked).to.have.length(2);
  });

  it("remembers what is not allowed by a time of its own", async () => {
    const authorizer = authorizerOf({ allowTTLMs: 1, denyTTLMs: 100 });
    for (const status of [{ allowed: false }, { allowed: false, denied: true }]) {
      answer = status;
      asked.length = 0;
      const name = JSON.stringify(status);
      await authorizer.authorize(askedOf(name));
      now += 99;
      await authorizer.authorize(askedOf(name));
      expect(asked).to.have.length(1);
      now += 1;
      await authorizer.authorize(askedOf(name));
      expect(asked).to.have.length(2);
    }
  });

  it("a life of 0 remembers nothing", async () => {
    const authorizer = authorizerOf({ allowTTLMs: 0 });
    for (let call = 0; call < 3; call++) await authorizer.authorize(attributes);
    expect(asked).to.have.length(3);
  });

  for (const [what, other] of [
    ["user", { user: { ...user, username: "joe" }, resource }],
    ["uid", { user: { ...user, uid: "v" }, resource }],
    ["groups", { user: { ...user, groups: ["a", "b"] }, resource }],
    ["groups with a comma", { user: { ...user, groups: ["a,b"] }, resource }],
    ["extra", { user: { ...user, extra: { scopes: ["y"] } }, resource }],
    ["verb", { user, resource: { ...resource, verb: "list" } }],
    ["namespace", { user, resource: { ...resource, namespace: "m" } }],
    ["subresource", { user, resource: { ...resource, subresource: "status" } }],
    ["a path of that name", { user, nonResource: { verb: "get", path: "rs" } }],
  ] as const)
    it(`does not take one answer for another: ${what}`, async () => {
      const authorizer = authorizerOf();
      await authorizer.authorize(attributes);
      await authorizer.authorize(other);
      expect(asked).to.have.length(2);
    });

  it("never remembers a failure", async () => {
    const authorizer = authorizerOf();
    answer = new CountersignError("ERR_TRANSPORT", "away");
    const error = await rejectionOf(Promise.resolve(authorizer.authorize(attributes)));
    expect(error).to.include({ code: "ERR_ACCESS_REVIEW_UNAVAILABLE", status: 500, cause: answer });
    answer = { allowed: true };
    expect(await authorizer.authorize(attributes)).to.include({ decision: "allow" });
  });

  it("those who ask the same at once share one review, and who gives up gives up alone", async () => {
    const authorizer = authorizerOf();
    const reason = new Error("gone");
    const [gone, ...others] = await Promise.allSettled([
      authorizer.authorize(attributes, { signal: AbortSignal.abort(reason) }),
      ...Array.from({ length: 50 }, () => authorizer.authorize(attributes)),
    ]);
    expect(gone).to.include({ status: "rejected", reason });
    expect(new Set(others.map(({ status }) => status))).to.deep.equal(new Set(["fulfilled"]));
    expect(asked).to.have.length(1);
  });

  it("does not remember what takes ten thousand bytes to ask", async () => {
    const authorizer = authorizerOf();
    const long = askedOf("é".repeat(5_000));
    for (let call = 0; call < 2; call++) await authorizer.authorize(long);
    expect(asked).to.have.length(2);
  });

  it("holds a bounded number of answers, those in use longest", async () => {
    const authorizer = authorizerOf({ maxEntries: 2 });
    for (const name of ["a", "b", "a", "c", "a"]) await authorizer.authorize(askedOf(name));
    expect(asked.map(({ spec }) => spec.resourceAttributes!.name)).to.deep.equal(["a", "b", "c"]);
  });

  it("gives up on a server that does not answer", async () => {
    const authorizer = authorizerOf({
      timeoutMs: 20,
      client: {
        createSubjectAccessReview: (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
      },
    });
    // an abort signal's timer keeps no process running
    const keepRunning = setInterval(() => undefined, 1_000);
    const error = await rejectionOf(Promise.resolve(authorizer.authorize(attributes)));
    clearInterval(keepRunning);
    expect(error).to.include({ code: "ERR_ACCESS_REVIEW_UNAVAILABLE" });
  });
});

describe("processAccessReview", () => {
  for (const [status, decision, reason] of [
    [{ allowed: true, reason: "RBAC: …" }, "allow", "RBAC: …"],
    [{ allowed: false, reason: "no role" }, "noOpinion", "no role"],
    [{ allowed: false, denied: true, reason: "never" }, "deny", "never"],
    [{ allowed: true, denied: true }, "deny", "allowed and denied in one answer"],
    [{ allowed: true, evaluationError: "one role is broken" }, "allow", ""],
    [{ allowed: false, evaluationError: "one role is broken" }, "noOpinion", ""],
    [{}, "noOpinion", ""],
  ] as const)
    it(`${JSON.stringify(status)} is ${decision}`, () => {
      expect(processAccessReview({ status })).to.deep.equal({ decision, reason });
    });

  for (const answer of [
    undefined,
    null,
    "allowed",
    [],
    {},
    { status: null },
    { status: [] },
    { status: { allowed: "true" } },
    { status: { allowed: true, denied: 0 } },
    { status: { allowed: true, reason: {} } },
  ])
    it(`${JSON.stringify(answer)} is no answer`, () => {
      expect(() => processAccessReview(answer)).to.throw(CountersignError, /access review/);
    });
});
