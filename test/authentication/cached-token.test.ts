import { expect } from "chai";
import type { Caller } from "../../src/authentication/authenticator.ts";
import { createCachedTokenAuthenticator } from "../../src/authentication/cached-token.ts";
import { CountersignError } from "../../src/errors.ts";
import type { MaybePromise } from "../../src/maybe-promise.ts";
import { Secret } from "../../src/secret.ts";
import { rejectionOf } from "../rejection.ts";
import { noon, stoppedClock } from "./minting.ts";

const expiresAt = (noon + 540) * 1000;
const caller: Caller = { method: "webhookToken", user: { username: "somebody" }, expiresAt };
const refusal = new CountersignError("ERR_TOKEN_SIGNATURE", "token signature: it does not verify");

function rig(answer: (token: string) => MaybePromise<Caller | undefined> = () => caller) {
  const clock = stoppedClock();
  const state = { asked: [] as string[], generation: 0 };
  const authenticator = {
    authenticateToken(token: Secret) {
      state.asked.push(token.reveal());
      return answer(token.reveal());
    },
  };
  const generation = (): number => state.generation;
  const cached = createCachedTokenAuthenticator({ authenticator, clock, generation, maxEntries: 8 });
  const ask = (token: string) => cached.authenticateToken(new Secret(token));
  return { clock, state, ask };
}

describe("createCachedTokenAuthenticator", () => {
  it("asks once for a token, and answers the same caller without a promise from then on", async () => {
    const { ask, state } = rig(async () => caller);
    expect(await ask("a")).to.equal(caller);
    expect(ask("a")).to.equal(caller);
    expect(state.asked).to.deep.equal(["a"]);
  });

  it("answers without a promise at once where what it caches does", () =>
    expect(rig().ask("a")).to.equal(caller));

  it("never takes one token for another", () => {
    const { ask } = rig((token) => ({ ...caller, user: { username: token } }));
    const tokens = ["a", "b", "", "aa", "a.", "__proto__", "constructor", "é"];
    for (const token of [...tokens, ...tokens])
      expect(ask(token)).to.have.nested.property("user.username", token);
  });

  it("forgets after a minute", async () => {
    const { ask, state, clock } = rig();
    await ask("a");
    clock.advance(59_999);
    await ask("a");
    expect(state.asked).to.have.length(1);
    clock.advance(1);
    await ask("a");
    expect(state.asked).to.have.length(2);
  });

  it("forgets at the token's own expiry, to the millisecond", async () => {
    const { ask, state, clock } = rig(() => ({ ...caller, expiresAt: noon * 1000 + 500 }));
    await ask("a");
    clock.advance(499);
    await ask("a");
    expect(state.asked).to.have.length(1);
    clock.advance(1);
    await ask("a");
    expect(state.asked).to.have.length(2);
  });

  it("does not remember a token that expired while it was verified", async () => {
    const { ask, state, clock } = rig(async () => caller);
    const verifying = ask("a");
    clock.epochMs = expiresAt;
    await verifying;
    await ask("a");
    expect(state.asked).to.have.length(2);
  });

  it("forgets everything when a key was withdrawn", async () => {
    const { ask, state } = rig();
    await ask("a");
    state.generation++;
    await ask("a");
    await ask("a");
    expect(state.asked).to.have.length(2);
  });

  it("does not remember what was verified while a key was withdrawn", async () => {
    const { ask, state } = rig(async () => caller);
    const verifying = ask("a");
    state.generation++;
    await verifying;
    await ask("a");
    expect(state.asked).to.have.length(2);
  });

  it("remembers no refusal, thrown or rejected, and no token that is nobody's", async () => {
    for (const answer of [
      () => {
        throw refusal;
      },
      () => Promise.reject(refusal),
      () => undefined,
    ]) {
      const { ask, state } = rig(answer);
      for (let times = 0; times < 2; times++)
        try {
          expect(await ask("a")).to.equal(undefined);
        } catch (error) {
          expect(error).to.equal(refusal);
        }
      expect(state.asked).to.have.length(2);
    }
  });

  it("shares one verification between callers who come together", async () => {
    const gate = Promise.withResolvers<Caller>();
    const { ask, state } = rig(() => gate.promise);
    const answers = Promise.all(Array.from({ length: 1000 }, () => ask("a")));
    gate.resolve(caller);
    expect(new Set(await answers)).to.deep.equal(new Set([caller]));
    expect(state.asked).to.have.length(1);
  });

  it("shares a refusal as well, and asks anew after it", async () => {
    const gate = Promise.withResolvers<Caller>();
    const { ask, state } = rig(() => gate.promise);
    const answers = [ask("a"), ask("a")].map((answer) => rejectionOf(Promise.resolve(answer)));
    gate.reject(refusal);
    expect(await Promise.all(answers)).to.deep.equal([refusal, refusal]);
    await rejectionOf(Promise.resolve(ask("a")));
    expect(state.asked).to.have.length(2);
  });

  it("goes on working past its bound, and a flood of bad tokens costs no good one its place", async () => {
    const { ask, state } = rig((token) => (token.startsWith("bad") ? Promise.reject(refusal) : caller));
    await ask("good");
    for (let index = 0; index < 100; index++) await rejectionOf(Promise.resolve(ask(`bad-${index}`)));
    state.asked.splice(0);
    await ask("good");
    expect(state.asked).to.deep.equal([]);
    for (let index = 0; index < 100; index++) expect(ask(`more-${index}`)).to.equal(caller);
  });
});
