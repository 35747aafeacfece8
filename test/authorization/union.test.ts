import { expect } from "chai";
import type { AccessDecision, Authorizer } from "../../src/authorization/authorizer.ts";
import { createUnionAuthorizer } from "../../src/authorization/union.ts";
import { CountersignError } from "../../src/errors.ts";

const says = (decision: AccessDecision["decision"], reason = ""): Authorizer => ({
  authorize: () => ({ decision, reason }),
});
const failure = new Error("away");
const fails: Authorizer = { authorize: () => Promise.reject(failure) };
const ask = async (...authorizers: Authorizer[]) =>
  createUnionAuthorizer(authorizers).authorize({ user: { username: "jane" } });

describe("createUnionAuthorizer", () => {
  it("the first that allows or denies decides", async () => {
    expect(await ask(says("noOpinion"), says("allow"), says("deny"))).to.include({ decision: "allow" });
    expect(await ask(says("noOpinion"), says("deny", "never"), says("allow"))).to.deep.equal({
      decision: "deny",
      reason: "never",
    });
  });

  it("a denial that comes with an error is one, with it: nobody after it can give leave", async () => {
    const error = new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "both at once");
    const contradicts: Authorizer = { authorize: () => ({ decision: "deny", reason: "", error }) };
    expect(await ask(says("noOpinion"), contradicts, says("allow"))).to.deep.equal({
      decision: "deny",
      reason: "",
      error,
    });
  });

  it("nobody with an opinion is no leave, with all their reasons", async () => {
    expect(await ask()).to.deep.equal({ decision: "noOpinion", reason: "" });
    expect(await ask(says("noOpinion", "a"), says("noOpinion"), says("noOpinion", "b"))).to.deep.equal({
      decision: "noOpinion",
      reason: "a\nb",
    });
  });

  it("a failure is passed over by one that decides, and stands where nobody does", async () => {
    expect(await ask(fails, says("allow"))).to.include({ decision: "allow" });
    expect(await ask(fails, says("noOpinion")).catch((error: unknown) => error)).to.equal(failure);
  });

  it("answers without a promise where all who are asked do, failures included", () => {
    const throws: Authorizer = {
      authorize() {
        throw failure;
      },
    };
    const now = (...authorizers: Authorizer[]) =>
      createUnionAuthorizer(authorizers).authorize({ user: { username: "jane" } });
    expect(now(throws, says("noOpinion"), says("allow"))).to.deep.equal({ decision: "allow", reason: "" });
    expect(() => now(says("noOpinion"), throws)).to.throw(failure.message);
  });

  it("hands on what it was asked, and the caller's signal", async () => {
    const attributes = { user: { username: "jane" } };
    const options = { signal: AbortSignal.abort() };
    const seen: unknown[] = [];
    const listens: Authorizer = {
      authorize(...given) {
        seen.push(...given);
        return { decision: "allow", reason: "" };
      },
    };
    await createUnionAuthorizer([listens]).authorize(attributes, options);
    expect(seen).to.deep.equal([attributes, options]);
  });
});
