import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect } from "chai";
import { type Caller, UnauthenticatedToken } from "../../src/authentication/authenticator.ts";
import {
  type CachedTokenOptions,
  createCachedTokenAuthenticator,
} from "../../src/authentication/cached-token.ts";
import type { DiagnosticsMessages } from "../../src/diagnostics.ts";
import { CountersignError } from "../../src/errors.ts";
import type { MaybePromise } from "../../src/maybe-promise.ts";
import { Secret } from "../../src/secret.ts";
import { rejectionOf } from "../rejection.ts";
import { noon, stoppedClock } from "./minting.ts";

const expiresAt = (noon + 540) * 1000;
const caller: Caller = { method: "webhookToken", user: { username: "somebody" }, expiresAt };
const refusal = new CountersignError("ERR_TOKEN_SIGNATURE", "token signature: it does not verify");

function rig(
  answer: (token: string) => MaybePromise<Caller | undefined> = () => caller,
  options: Partial<CachedTokenOptions> = {},
) {
  const clock = stoppedClock();
  const state = { asked: [] as string[], generation: 0 };
  const authenticator = {
    authenticateToken(token: Secret) {
      state.asked.push(token.reveal());
      return answer(token.reveal());
    },
  };
  const generation = (): number => state.generation;
  const cached = createCachedTokenAuthenticator({
    ...{ authenticator, clock, generation, maxEntries: 8 },
    ...options,
  });
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

  describe("a token that is nobody's", () => {
    const nobodys = new UnauthenticatedToken("ERR_TOKEN_REVIEW_REFUSED", "token review: not authenticated");
    const outcome = async (asking: () => MaybePromise<Caller | undefined>): Promise<unknown> => {
      try {
        return await asking();
      } catch (error) {
        return error;
      }
    };
    const ways: Readonly<Record<string, readonly [() => MaybePromise<Caller | undefined>, unknown]>> = {
      "by a throw": [
        () => {
          throw nobodys;
        },
        nobodys,
      ],
      "by a rejection": [() => Promise.reject(nobodys), nobodys],
      "by having no opinion": [() => undefined, undefined],
      "by having no opinion, later": [async () => undefined, undefined],
    };
    for (const [way, [answer, answered]] of Object.entries(ways)) {
      it(`is refused ${way} for its own time without asking, to the millisecond`, async () => {
        const { ask, state, clock } = rig(answer, { failureTTLMs: 500 });
        expect(await outcome(() => ask("a"))).to.equal(answered);
        clock.advance(499);
        expect(await outcome(() => ask("a"))).to.equal(answered);
        expect(state.asked).to.have.length(1);
        clock.advance(1);
        await outcome(() => ask("a"));
        expect(state.asked).to.have.length(2);
      });

      it(`is asked about each time ${way} where no time is given`, async () => {
        const { ask, state } = rig(answer);
        await outcome(() => ask("a"));
        await outcome(() => ask("a"));
        expect(state.asked).to.have.length(2);
      });
    }

    it("is not what an error says, thrown or rejected: that is never remembered", async () => {
      for (const answer of [
        () => Promise.reject(refusal),
        () => {
          throw refusal;
        },
        () => Promise.reject(new Error("a fault")),
      ]) {
        const { ask, state } = rig(answer, { failureTTLMs: 60_000 });
        for (let times = 0; times < 3; times++) await outcome(() => ask("a"));
        expect(state.asked).to.have.length(3);
      }
    });

    it("is asked about again when a key was withdrawn, or one came", async () => {
      const { ask, state } = rig(() => Promise.reject(nobodys), { failureTTLMs: 60_000 });
      await outcome(() => ask("a"));
      state.generation++;
      await outcome(() => ask("a"));
      expect(state.asked).to.have.length(2);
    });

    it("costs no good one its place, however many of them there are, and their number is bounded", async () => {
      const { ask, state } = rig((token) => (token === "good" ? caller : Promise.reject(nobodys)), {
        failureTTLMs: 60_000,
        maxFailures: 4,
      });
      await ask("good");
      for (let index = 0; index < 100; index++) await outcome(() => ask(`bad-${index}`));
      state.asked.splice(0);
      expect(ask("good")).to.equal(caller);
      await outcome(() => ask("bad-99"));
      await outcome(() => ask("bad-96"));
      expect(state.asked).to.deep.equal([]);
      await outcome(() => ask("bad-95"));
      expect(state.asked).to.deep.equal(["bad-95"]);
    });

    it("is believed as soon as it is known, once its time has passed", async () => {
      const answers = [Promise.reject(nobodys), Promise.resolve(caller)];
      const { ask, clock } = rig(() => answers.shift()!, { failureTTLMs: 500 });
      await outcome(() => ask("a"));
      clock.advance(500);
      expect(await ask("a")).to.equal(caller);
      expect(ask("a")).to.equal(caller);
    });
  });

  it("a life of 0 remembers nothing, and those who come together still share", async () => {
    const gate = Promise.withResolvers<Caller>();
    const { ask, state } = rig(() => gate.promise, { ttlMs: 0 });
    const together = Promise.all([ask("a"), ask("a")]);
    gate.resolve(caller);
    await together;
    await ask("a");
    expect(state.asked).to.have.length(2);
  });

  describe("what it tells", () => {
    const told: string[] = [];
    const onLookup = (message: unknown): void => {
      const { outcome, durationMs } = message as DiagnosticsMessages["countersign:tokenCache"];
      expect(durationMs).to.be.at.least(0);
      told.push(outcome);
    };
    const onFetch = (message: unknown): void => {
      const fetch = message as DiagnosticsMessages["countersign:tokenFetch"];
      told.push(fetch.event === "ended" ? `ended ${fetch.outcome}` : fetch.event);
    };
    beforeEach(() => {
      told.splice(0);
      subscribe("countersign:tokenCache", onLookup);
      subscribe("countersign:tokenFetch", onFetch);
    });
    afterEach(() => {
      unsubscribe("countersign:tokenCache", onLookup);
      unsubscribe("countersign:tokenFetch", onFetch);
    });

    it("a miss and a hit, and the fetch between them", async () => {
      const { ask } = rig(async () => caller);
      await ask("a");
      await ask("a");
      expect(told).to.deep.equal(["blocked", "started", "ended ok", "unblocked", "miss", "hit"]);
    });

    it("one fetch for all who wait for it", async () => {
      const gate = Promise.withResolvers<Caller>();
      const { ask } = rig(() => gate.promise);
      const waiting = [ask("a"), ask("a")];
      expect(told).to.deep.equal(["blocked", "started", "blocked"]);
      gate.resolve(caller);
      await Promise.all(waiting);
      expect(told.slice(3)).to.have.members(["ended ok", "unblocked", "miss", "unblocked", "miss"]);
    });

    for (const [what, answer, fetch] of [
      ["an error", () => Promise.reject(refusal), "ended error"],
      [
        "an error that is thrown at once",
        () => {
          throw refusal;
        },
        "ended error",
      ],
      ["a token that is nobody's, which is no error", () => undefined, "ended ok"],
      [
        "the same, said by a throw",
        () => Promise.reject(new UnauthenticatedToken("ERR_TOKEN_REVIEW_REFUSED", "no")),
        "ended ok",
      ],
    ] as const)
      it(`${what}: nobody is left waiting`, async () => {
        await Promise.resolve()
          .then(() => rig(answer).ask("a"))
          .catch(() => undefined);
        expect(told).to.deep.equal(["blocked", "started", fetch, "unblocked", "miss"]);
      });
  });
});
