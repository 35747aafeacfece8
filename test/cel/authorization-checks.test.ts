import { expect } from "chai";
import type { AccessAttributes, AccessDecision } from "../../src/authorization/authorizer.ts";
import { createAuthorizationChecks } from "../../src/cel/authorization-checks.ts";
import { CountersignError } from "../../src/errors.ts";

const access: AccessAttributes = { user: { username: "alice" }, nonResource: { path: "/a", verb: "get" } };

const decisionOf = async (authorize: () => AccessDecision | Promise<AccessDecision>) => {
  const checks = createAuthorizationChecks({ authorize }, undefined);
  expect(() => checks.decide(access)).to.throw(/pending/);
  expect(checks.pending).to.equal(true);
  await checks.settle();
  expect(checks.pending).to.equal(false);
  return checks.decide(access);
};

describe("createAuthorizationChecks", () => {
  it("has the decision once it was waited for", async () => {
    const decided = (decision: AccessDecision["decision"]) =>
      decisionOf(() => ({ decision, reason: "because" }));
    expect(await decided("allow")).to.deep.equal({ allowed: true, reason: "because", error: "" });
    expect(await decided("deny")).to.deep.equal({ allowed: false, reason: "because", error: "" });
    expect(await decided("noOpinion")).to.deep.equal({ allowed: false, reason: "because", error: "" });
  });

  it("has a failure as a decision", async () => {
    const failed = { allowed: false, reason: "", error: "no connection" };
    expect(await decisionOf(() => Promise.reject(new Error("no connection")))).to.deep.equal(failed);
    expect(
      await decisionOf(() => {
        throw new Error("no connection");
      }),
    ).to.deep.equal(failed);
  });

  it("has an error beside a denial as one", async () => {
    const error = new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "both at once");
    expect(await decisionOf(() => ({ decision: "deny", reason: "because", error }))).to.deep.equal({
      allowed: false,
      reason: "because",
      error: "both at once",
    });
  });

  it("asks for each question, and hands the signal on", async () => {
    const asked: unknown[] = [];
    const { signal } = new AbortController();
    const checks = createAuthorizationChecks(
      {
        authorize(attributes, options) {
          asked.push([attributes.nonResource?.path, options?.signal]);
          return { decision: "allow", reason: "" };
        },
      },
      signal,
    );
    const other = { ...access, nonResource: { path: "/b", verb: "get" } };
    for (const one of [access, other]) expect(() => checks.decide(one)).to.throw(/pending/);
    expect(asked, "not while the expression runs").to.deep.equal([]);
    await checks.settle();
    for (const one of [access, other]) expect(checks.decide(one).allowed).to.equal(true);
    expect(asked).to.deep.equal([
      ["/a", signal],
      ["/b", signal],
    ]);
  });
});
