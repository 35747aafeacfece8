import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import type { SubjectAccessReview, SubjectAccessReviewStatus } from "../../src/apis/authorization.ts";
import type { AccessAttributes } from "../../src/authorization/authorizer.ts";
import {
  accessReviewLifetimes,
  createSubjectAccessReviewAuthorizer,
  processAccessReview,
  type SubjectAccessReviewClient,
  type SubjectAccessReviewOptions,
} from "../../src/authorization/subject-access-review.ts";
import { CountersignError } from "../../src/errors.ts";
import { type HeldDeadlines, holdDeadlines } from "../held-deadlines.ts";
import { rejectionOf } from "../rejection.ts";

const user = { username: "jane", uid: "u", groups: ["a"], extra: { scopes: ["x"] } };
const resource = { verb: "get", group: "g", version: "v1", resource: "rs", namespace: "n", name: "x" };
const attributes: AccessAttributes = { user, resource };
const askedOf = (name: string): AccessAttributes => ({ user, resource: { ...resource, name } });
const untilAborted: SubjectAccessReviewClient["createSubjectAccessReview"] = (_, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe("createSubjectAccessReviewAuthorizer", () => {
  let asked: SubjectAccessReview[];
  let answer: SubjectAccessReviewStatus | Error;
  let now: number;
  let deadlines: HeldDeadlines | undefined;
  afterEach(() => deadlines?.release());
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
    ["a selector", { user, resource: { ...resource, fieldSelector: { rawSelector: "a=b" } } }],
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

  it("does not remember what takes ten thousand bytes to ask, names and path added up, and remembers one byte less", async () => {
    const authorizer = authorizerOf();
    const others = Object.values({ ...resource, name: "" }).join("").length;
    const selector = { fieldSelector: { rawSelector: "a=b" } };
    const twoByteLetters = (bytes: number): string => "é".repeat(bytes >> 1) + "x".repeat(bytes & 1);
    for (const [attributes, times] of [
      [askedOf(twoByteLetters(10_000 - others)), 2],
      [askedOf(twoByteLetters(9_999 - others)), 1],
      [askedOf("x".repeat(10_000 - others)), 2],
      [askedOf("x".repeat(9_999 - others)), 1],
      [{ user, resource: { ...resource, name: "x".repeat(9_999 - others), ...selector } }, 2],
      [{ user, nonResource: { verb: "get", path: "x".repeat(9_997) } }, 2],
      [{ user, nonResource: { verb: "get", path: "x".repeat(9_996) } }, 1],
    ] as const) {
      asked.length = 0;
      for (let call = 0; call < 2; call++) await authorizer.authorize(attributes);
      expect(asked).to.have.length(times);
    }
  });

  it("remembers whatever is known of the user, however long: that is not who asks who chooses it", async () => {
    const authorizer = authorizerOf();
    const long = { ...attributes, user: { ...user, extra: { scopes: ["x".repeat(20_000)] } } };
    for (let call = 0; call < 2; call++) await authorizer.authorize(long);
    expect(asked).to.have.length(1);
  });

  it("remembers 8 192 answers where nothing else is said, and lets the least recently used go", async () => {
    const authorizer = authorizerOf();
    for (let index = 0; index < 8_192; index++) await authorizer.authorize(askedOf(`n${index}`));
    await authorizer.authorize(askedOf("n0"));
    expect(asked).to.have.length(8_192);
    await authorizer.authorize(askedOf("one more"));
    await authorizer.authorize(askedOf("n0"));
    expect(asked).to.have.length(8_193);
    await authorizer.authorize(askedOf("n1"));
    expect(asked).to.have.length(8_194);
  });

  it("remembers an answer that allows and denies at once as a denial", async () => {
    const authorizer = authorizerOf({ denyTTLMs: 100 });
    answer = { allowed: true, denied: true };
    await authorizer.authorize(attributes);
    now += 99;
    expect(await authorizer.authorize(attributes)).to.include({ decision: "deny" });
    now += 1;
    await authorizer.authorize(attributes);
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
      client: { createSubjectAccessReview: untilAborted },
    });
    // an abort signal's timer keeps no process running
    const keepRunning = setInterval(() => undefined, 1_000);
    const error = await rejectionOf(Promise.resolve(authorizer.authorize(attributes)));
    clearInterval(keepRunning);
    expect(error).to.include({ code: "ERR_ACCESS_REVIEW_UNAVAILABLE" });
  });

  it("waits thirty seconds for an answer where nothing else is said", async () => {
    deadlines = holdDeadlines();
    let outcome: unknown;
    const hanging = { createSubjectAccessReview: untilAborted };
    const authorizer = authorizerOf({ client: hanging });
    void rejectionOf(Promise.resolve(authorizer.authorize(attributes))).then((error) => {
      outcome = error;
    });
    deadlines.advance(29_999);
    await nextTurn();
    expect(outcome).to.equal(undefined);
    deadlines.advance(1);
    await nextTurn();
    expect(outcome).to.include({ code: "ERR_ACCESS_REVIEW_UNAVAILABLE" });
  });
});

describe("accessReviewLifetimes", () => {
  it("are a kubelet's five minutes and half a minute, an aggregated API server's ten seconds", () => {
    expect(accessReviewLifetimes).to.deep.equal({
      kubelet: { allowTTLMs: 5 * 60_000, denyTTLMs: 30_000 },
      aggregated: { allowTTLMs: 10_000, denyTTLMs: 10_000 },
    });
  });
});

describe("processAccessReview", () => {
  it("an answer that allows and denies at once is a denial that nobody can rely upon", () => {
    const decision = processAccessReview({ status: { allowed: true, denied: true, reason: "both" } });
    expect(decision).to.include({ decision: "deny", reason: "both" });
    expect(decision.error).to.be.instanceOf(CountersignError).and.include({
      code: "ERR_ACCESS_REVIEW_UNAVAILABLE",
      status: 500,
    });
  });

  for (const [status, decision, reason] of [
    [{ allowed: true, reason: "RBAC: …" }, "allow", "RBAC: …"],
    [{ allowed: false, reason: "no role" }, "noOpinion", "no role"],
    [{ allowed: false, denied: true, reason: "never" }, "deny", "never"],
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
