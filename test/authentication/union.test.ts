import { expect } from "chai";
import type { RequestAuthenticator } from "../../src/authentication/authenticator.ts";
import { createUnionAuthenticator } from "../../src/authentication/union.ts";
import { CountersignError, type ErrorCode } from "../../src/errors.ts";
import { rejectionOf } from "../rejection.ts";
import { outcomeOf } from "./outcome.ts";

const caller = (username: string) => ({ method: "tokenReview", user: { username } }) as const;
const knows = (username: string): RequestAuthenticator => ({ authenticateRequest: () => caller(username) });
const none: RequestAuthenticator = { authenticateRequest: () => undefined };
const refuses = (code: ErrorCode, message = "no"): RequestAuthenticator => ({
  async authenticateRequest() {
    throw new CountersignError(code, message);
  },
});

const ask = (...authenticators: RequestAuthenticator[]) =>
  outcomeOf(() => createUnionAuthenticator(authenticators).authenticateRequest({ authorization: [] }));

describe("createUnionAuthenticator", () => {
  it("the first that knows the caller decides", async () => {
    expect(await ask(none, knows("a"), knows("b"))).to.deep.equal(caller("a"));
  });

  it("one that knows the caller outweighs a refusal, before it or after it", async () => {
    expect(await ask(refuses("ERR_CERTIFICATE_UNTRUSTED"), knows("a"))).to.deep.equal(caller("a"));
    expect(await ask(knows("a"), refuses("ERR_CERTIFICATE_UNTRUSTED"))).to.deep.equal(caller("a"));
  });

  it("none that knows the caller: no opinion only where nobody refused", async () => {
    expect(await ask()).to.equal(undefined);
    expect(await ask(none, none)).to.equal(undefined);
    expect(await ask(none, refuses("ERR_TOKEN_REVIEW_REFUSED"), none)).to.include({
      code: "ERR_TOKEN_REVIEW_REFUSED",
    });
  });

  it("several refusals become one, with all messages and all of them as cause", async () => {
    const union = createUnionAuthenticator([
      refuses("ERR_CERTIFICATE_UNTRUSTED", "one"),
      refuses("ERR_TOKEN_REVIEW_REFUSED", "two"),
    ]);
    const error = await rejectionOf(Promise.resolve(union.authenticateRequest({ authorization: [] })));
    expect(error).to.include({ code: "ERR_CERTIFICATE_UNTRUSTED", message: "one; two" });
    expect((error.cause as AggregateError).errors).to.have.length(2);
  });

  it("does not ask on once somebody is known", async () => {
    let asked = 0;
    const counts: RequestAuthenticator = { authenticateRequest: () => void asked++ };
    await ask(knows("a"), counts);
    expect(asked).to.equal(0);
  });
});
