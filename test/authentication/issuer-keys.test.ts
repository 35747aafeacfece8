import { expect } from "chai";
import { createIssuer, type IssuerOptions } from "../../src/authentication/issuer-keys.ts";
import type { FetchedKeys } from "../../src/authentication/token-issuer.ts";
import { diagnosticsChannel, type KeysMessage } from "../../src/diagnostics.ts";
import { CountersignError, errorCodeOf } from "../../src/errors.ts";
import { rejectionOf } from "../rejection.ts";
import { until } from "../until.ts";
import { clusterIssuer, clusterKey, jwksOf, type SigningKey, signingKey, stoppedClock } from "./minting.ts";

const rotated = signingKey("RS256", "rotated");
const seconds = 1000;
const minutes = 60 * seconds;

/** An issuer over a source that can be steered, on a clock that stands still. */
function rig(more: Partial<IssuerOptions> = {}) {
  const clock = stoppedClock();
  const state = {
    keys: [clusterKey] as readonly SigningKey[],
    iss: clusterIssuer,
    fetches: 0,
    fault: undefined as Error | undefined,
    answer: undefined as { readonly value: unknown } | undefined,
    gate: Promise.resolve(),
  };
  const source = {
    async fetchKeys(): Promise<FetchedKeys> {
      state.fetches++;
      await state.gate;
      if (state.fault !== undefined) throw state.fault;
      if (state.answer !== undefined) return state.answer.value as FetchedKeys;
      return { issuer: state.iss, jwks: jwksOf(...state.keys) };
    },
  };
  return { clock, state, issuer: createIssuer({ name: "cluster", source, clock, ...more }) };
}

/** What `key` answers: the kid of a known key, "unknown", or the code of what it throws. */
async function ask(issuer: ReturnType<typeof rig>["issuer"], kid: string): Promise<string> {
  try {
    return (await issuer.key(kid, "RS256")) === undefined ? "unknown" : "known";
  } catch (error) {
    return errorCodeOf(error);
  }
}

describe("createIssuer", () => {
  describe("at first", () => {
    it("knows nothing and is not ready", () => {
      const { issuer, state } = rig();
      expect([issuer.ready(), issuer.issuer(), issuer.generation(), state.fetches]).to.deep.equal([
        false,
        undefined,
        0,
        0,
      ]);
    });

    it("fetches by itself when the first key is asked for", async () => {
      const { issuer, state } = rig();
      expect(await ask(issuer, clusterKey.kid)).to.equal("known");
      expect([issuer.ready(), issuer.issuer(), state.fetches]).to.deep.equal([true, clusterIssuer, 1]);
    });

    it("answers without a promise from then on", async () => {
      const { issuer } = rig();
      await issuer.start();
      expect(issuer.key(clusterKey.kid, "RS256")).to.have.property("type", "public");
    });

    it("shares one fetch between callers who come together", async () => {
      const { issuer, state } = rig();
      await Promise.all([issuer.start(), ...["a", "b", clusterKey.kid].map((kid) => ask(issuer, kid))]);
      expect(state.fetches).to.equal(1);
    });

    it("says that the issuer is away, not that the key is unknown, and asks again after the cooldown only", async () => {
      const { issuer, state, clock } = rig();
      state.fault = new Error("connect ECONNREFUSED");
      expect(await ask(issuer, "a")).to.equal("ERR_ISSUER_UNAVAILABLE");
      expect(await ask(issuer, "a")).to.equal("ERR_ISSUER_UNAVAILABLE");
      expect(state.fetches).to.equal(1);
      clock.advance(10 * seconds);
      state.fault = undefined;
      expect(await ask(issuer, clusterKey.kid)).to.equal("known");
    });

    it("keeps the cause and names the issuer", async () => {
      const { issuer, state } = rig();
      state.fault = new Error("connect ECONNREFUSED");
      const error = await rejectionOf(Promise.resolve(issuer.key("a", "RS256")));
      expect(error.message).to.match(/issuer "cluster".*ECONNREFUSED/);
      expect(error.cause).to.equal(state.fault);
    });
  });

  describe("start", () => {
    it("tries until it succeeds, and resolves then", async () => {
      const { issuer, state } = rig({ retryMs: 1 });
      state.fault = new Error("not up yet");
      const started = issuer.start();
      await until(() => state.fetches >= 3, "three attempts");
      state.fault = undefined;
      await started;
      expect(issuer.ready()).to.equal(true);
    });

    it("ends when it is told to", async () => {
      const { issuer, state } = rig();
      state.fault = new Error("never up");
      const controller = new AbortController();
      const started = issuer.start({ signal: controller.signal });
      await until(() => state.fetches === 1);
      controller.abort();
      expect(await started.catch((error: Error) => error.name)).to.equal("AbortError");
      expect(await issuer.start({ signal: controller.signal }).catch((error: Error) => error.name)).to.equal(
        "AbortError",
      );
    });

    it("does nothing where keys are held", async () => {
      const { issuer, state } = rig();
      await issuer.start();
      await issuer.start();
      expect(state.fetches).to.equal(1);
    });
  });

  describe("on an unknown kid", () => {
    it("finds a rotated key at once, whatever max-age the issuer allows", async () => {
      const { issuer, state, clock } = rig();
      await issuer.start();
      clock.advance(10 * seconds);
      state.keys = [clusterKey, rotated];
      expect(await ask(issuer, "rotated")).to.equal("known");
      expect(state.fetches).to.equal(2);
    });

    it("fetches once in the cooldown, however many kids a stranger invents", async () => {
      const { issuer, state, clock } = rig();
      await issuer.start();
      for (let second = 0; second < 30; second++) {
        clock.advance(1 * seconds);
        for (let index = 0; index < 50; index++)
          expect(await ask(issuer, `invented-${second}-${index}`)).to.equal("unknown");
      }
      // one at the start, one in each of three cooldowns of 10 s
      expect(state.fetches).to.equal(4);
    });

    it("answers from memory, without a promise, within the cooldown", async () => {
      const { issuer } = rig();
      await issuer.start();
      expect(issuer.key("invented", "RS256")).to.equal(undefined);
    });

    it("joins a fetch that is under way", async () => {
      const { issuer, state, clock } = rig();
      await issuer.start();
      clock.advance(10 * seconds);
      const gate = Promise.withResolvers<void>();
      state.gate = gate.promise;
      const answers = Promise.all(["invented", "rotated", "rotated"].map((kid) => ask(issuer, kid)));
      state.keys = [clusterKey, rotated];
      gate.resolve();
      expect(await answers).to.deep.equal(["unknown", "known", "known"]);
      expect(state.fetches).to.equal(2);
    });

    it("cannot say that a key is unknown while the issuer is away, and goes on with those it holds", async () => {
      const { issuer, state, clock } = rig();
      await issuer.start();
      clock.advance(10 * seconds);
      state.fault = new Error("away");
      expect(await ask(issuer, "rotated")).to.equal("ERR_ISSUER_UNAVAILABLE");
      expect(await ask(issuer, "rotated")).to.equal("ERR_ISSUER_UNAVAILABLE");
      expect(await ask(issuer, clusterKey.kid)).to.equal("known");
      expect(state.fetches).to.equal(2);
    });
  });

  describe("with time", () => {
    it("fetches again behind the answer once the keys are five minutes old", async () => {
      const { issuer, state, clock } = rig();
      await issuer.start();
      clock.advance(5 * minutes - 1);
      expect(issuer.key(clusterKey.kid, "RS256")).not.to.be.instanceOf(Promise);
      expect(state.fetches).to.equal(1);
      clock.advance(1);
      expect(issuer.key(clusterKey.kid, "RS256")).not.to.be.instanceOf(Promise);
      expect(state.fetches).to.equal(2);
    });

    it("goes on with stale keys for an hour when the issuer is away, asking once in each cooldown", async () => {
      const { issuer, state, clock } = rig();
      await issuer.start();
      state.fault = new Error("away");
      clock.advance(60 * minutes - 1);
      for (let index = 0; index < 3; index++) expect(await ask(issuer, clusterKey.kid)).to.equal("known");
      await until(() => state.fetches === 2);
      clock.advance(1);
      expect(issuer.ready()).to.equal(false);
      expect(await ask(issuer, clusterKey.kid)).to.equal("ERR_ISSUER_UNAVAILABLE");
    });

    it("waits for fresh keys where those it holds are too old", async () => {
      const { issuer, clock } = rig();
      await issuer.start();
      clock.advance(48 * 60 * minutes);
      expect(await ask(issuer, clusterKey.kid)).to.equal("known");
    });

    it("fetches when it is told to, whatever the cooldown", async () => {
      const { issuer, state } = rig();
      await issuer.start();
      state.keys = [rotated];
      await issuer.refresh();
      expect(await ask(issuer, "rotated")).to.equal("known");
      state.fault = new Error("away");
      expect((await rejectionOf(issuer.refresh())).code).to.equal("ERR_ISSUER_UNAVAILABLE");
    });

    it("does not stop fetching when the clock goes back", async () => {
      const { issuer, state, clock } = rig();
      await issuer.start();
      clock.advance(-24 * 60 * minutes);
      state.keys = [rotated];
      expect(await ask(issuer, "rotated")).to.equal("known");
    });

    it("holds no timer", async () => {
      const timers = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
      // the runner arms its own when the test first waits
      await Promise.resolve();
      const before = timers();
      await rig().issuer.start();
      expect(timers()).to.be.at.most(before);
    });
  });

  describe("on a bad answer", () => {
    const answers: Readonly<Record<string, unknown>> = {
      nothing: null,
      "no issuer": { jwks: jwksOf(rotated) },
      "an empty issuer": { issuer: "", jwks: jwksOf(rotated) },
      "an issuer that is no string": { issuer: {}, jwks: jwksOf(rotated) },
      "no key set": { issuer: clusterIssuer },
      "a key set without keys": { issuer: clusterIssuer, jwks: { keys: [] } },
    };
    for (const [name, answer] of Object.entries(answers))
      it(`keeps the last good keys: ${name}`, async () => {
        const { issuer, state, clock } = rig();
        await issuer.start();
        clock.advance(10 * seconds);
        state.answer = { value: answer };
        expect(await ask(issuer, "rotated")).to.equal("ERR_ISSUER_UNAVAILABLE");
        expect(await ask(issuer, clusterKey.kid)).to.equal("known");
        expect(issuer.generation()).to.equal(0);
      });

    it("gives up on a source that never answers", async () => {
      const { issuer, state } = rig({ timeoutMs: 5 });
      state.gate = new Promise(() => undefined);
      expect((await rejectionOf(Promise.resolve(issuer.key("a", "RS256")))).code).to.equal(
        "ERR_ISSUER_UNAVAILABLE",
      );
    });

    it("survives a source that throws before it promises", async () => {
      const source = {
        fetchKeys(): Promise<FetchedKeys> {
          throw new TypeError("broken");
        },
      };
      const issuer = createIssuer({ name: "cluster", source, clock: stoppedClock() });
      expect(await ask(issuer, "a")).to.equal("ERR_ISSUER_UNAVAILABLE");
    });
  });

  describe("the iss", () => {
    it("is what the source says, where nothing is configured", async () => {
      expect(await rig().issuer.discover()).to.equal(clusterIssuer);
    });

    it("is what is configured before anything was fetched", () =>
      expect(rig({ issuer: "https://a" }).issuer.discover()).to.equal("https://a"));

    it("is never another than the configured one: such an answer is refused whole", async () => {
      const { issuer } = rig({ issuer: "https://a" });
      const error = await rejectionOf(Promise.resolve(issuer.key(clusterKey.kid, "RS256")));
      expect(error.code).to.equal("ERR_ISSUER_UNAVAILABLE");
      expect(error.message).to.contain(`expected "https://a", got "${clusterIssuer}"`);
      expect(issuer.ready()).to.equal(false);
    });

    it("cannot be discovered from an issuer that is away", async () => {
      const { issuer, state } = rig();
      state.fault = new Error("away");
      expect((await rejectionOf(Promise.resolve(issuer.discover()))).code).to.equal("ERR_ISSUER_UNAVAILABLE");
      expect(() => issuer.discover())
        .to.throw(CountersignError)
        .with.property("code", "ERR_ISSUER_UNAVAILABLE");
      expect(state.fetches).to.equal(1);
    });
  });

  describe("the generation", () => {
    const changes: readonly (readonly [string, Partial<ReturnType<typeof rig>["state"]>, number])[] = [
      ["stays when a key is added", { keys: [clusterKey, rotated] }, 0],
      ["changes when a key is withdrawn", { keys: [rotated] }, 1],
      ["changes when a kid gets another key", { keys: [signingKey("RS256", clusterKey.kid)] }, 1],
      ["changes with the iss", { iss: "https://moved" }, 1],
    ];
    for (const [name, change, generation] of changes)
      it(name, async () => {
        const { issuer, state, clock } = rig();
        await issuer.start();
        clock.advance(10 * seconds);
        Object.assign(state, change);
        await ask(issuer, "anything");
        expect(issuer.generation()).to.equal(generation);
      });
  });

  it("says a key of another type is no key for the algorithm", async () => {
    const { issuer } = rig();
    await issuer.start();
    expect(() => issuer.key(clusterKey.kid, "ES256"))
      .to.throw(CountersignError)
      .with.property("code", "ERR_TOKEN_ALGORITHM");
  });

  it("tells of every fetch, good or bad", async () => {
    const told: KeysMessage[] = [];
    const listen = (message: unknown): void => void told.push(message as KeysMessage);
    diagnosticsChannel("countersign:keys").subscribe(listen);
    try {
      const { issuer, state, clock } = rig();
      await issuer.start();
      clock.advance(10 * seconds);
      state.fault = new Error("away");
      await ask(issuer, "rotated");
    } finally {
      diagnosticsChannel("countersign:keys").unsubscribe(listen);
    }
    expect(told).to.deep.equal([
      { issuer: "cluster", outcome: "fetched", keys: 1 },
      { issuer: "cluster", outcome: "failed", detail: "away" },
    ]);
  });
});
