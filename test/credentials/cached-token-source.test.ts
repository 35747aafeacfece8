import { expect } from "chai";
import fc from "fast-check";
import { createCachedTokenSource } from "../../src/credentials/cached-token-source.ts";
import type { Token, TokenSource } from "../../src/credentials/token-source.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";

const start = Date.UTC(2026, 0, 1);
const tenMinutesMs = 600_000;

function rig(lifetimeMs = tenMinutesMs, random = 0) {
  const clock = { at: start, chance: random, now: () => clock.at, random: () => clock.chance };
  const rig = {
    clock,
    asked: 0,
    lifetimeMs,
    failure: undefined as Error | undefined,
    reported: [] as unknown[],
  };
  const gates: PromiseWithResolvers<void>[] = [];
  let held = false;
  const source: TokenSource = {
    async token() {
      const number = ++rig.asked;
      const requestedAt = clock.now();
      if (held) {
        const gate = Promise.withResolvers<void>();
        gates.push(gate);
        await gate.promise;
      }
      if (rig.failure !== undefined) throw rig.failure;
      return { token: new Secret(`token-${number}`), requestedAt, expiresAt: requestedAt + rig.lifetimeMs };
    },
  };
  const cached = createCachedTokenSource({
    source,
    clock,
    onRefreshError: (error) => rig.reported.push(error),
  });
  const take = async (): Promise<string> => (await cached.token()).token.reveal();
  /** From now on the source waits; the returned function lets it answer. */
  const hold = (): (() => void) => {
    held = true;
    return () => {
      held = false;
      for (const gate of gates.splice(0)) gate.resolve();
    };
  };
  return Object.assign(rig, { cached, take, hold });
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("cached token source", () => {
  it("mints once while the token is fresh", async () => {
    const source = rig();
    for (const ageMs of [0, 1, 60_000, 479_999]) {
      source.clock.at = start + ageMs;
      expect(await source.take()).to.equal("token-1");
    }
    expect(source.asked).to.equal(1);
  });

  it("refreshes at 80 % of the lifetime, and serves the old token until the new one is there", async () => {
    const source = rig();
    await source.take();
    source.clock.at = start + 480_000;
    const answer = source.hold();
    expect(await source.take()).to.equal("token-1");
    expect(await source.take()).to.equal("token-1");
    answer();
    await settled();
    expect(await source.take()).to.equal("token-2");
    expect(source.asked).to.equal(2);
  });

  it("refreshes earlier by a jitter of at most ten seconds", async () => {
    const source = rig(tenMinutesMs, 0.999_999);
    await source.take();
    source.clock.at = start + 469_999;
    await source.take();
    expect(source.asked).to.equal(1);
    source.clock.at = start + 470_001;
    await source.take();
    expect(source.asked).to.equal(2);
  });

  it("uses a short token for most of its life: the jitter never exceeds a fifth of the lifetime", async () => {
    const source = rig(5_000, 0.999_999);
    await source.take();
    source.clock.at = start + 2_999;
    await source.take();
    expect(source.asked).to.equal(1);
  });

  it("refreshes a long token after 24 hours", async () => {
    const dayMs = 86_400_000;
    const source = rig(365 * dayMs);
    await source.take();
    source.clock.at = start + dayMs - 1;
    await source.take();
    expect(source.asked).to.equal(1);
    source.clock.at = start + dayMs;
    await source.take();
    expect(source.asked).to.equal(2);
  });

  it("takes the lifetime from the answer, measured on our clock from when it was asked for", async () => {
    const source = rig(100_000);
    await source.take();
    source.clock.at = start + 80_000;
    await source.take();
    expect(source.asked).to.equal(2);
  });

  it("shares one request between concurrent callers", async () => {
    const source = rig();
    const tokens = await Promise.all(Array.from({ length: 1_000 }, source.take));
    expect(new Set(tokens)).to.deep.equal(new Set(["token-1"]));
    expect(source.asked).to.equal(1);
  });

  it("rejects a caller that gives up alone; the shared request goes on", async () => {
    const source = rig();
    const answer = source.hold();
    const controller = new AbortController();
    const impatient = source.cached.token({ signal: controller.signal }).catch((error: unknown) => error);
    const patient = source.take();
    const reason = new Error("gave up");
    controller.abort(reason);
    expect(await impatient).to.equal(reason);
    answer();
    expect(await patient).to.equal("token-1");
    expect(source.asked).to.equal(1);
  });

  it("returns the held token when a refresh fails before expiry, and waits before it tries again", async () => {
    const source = rig();
    await source.take();
    source.failure = new Error("away");
    source.clock.at = start + 480_000;
    for (let call = 0; call < 10; call++) {
      expect(await source.take()).to.equal("token-1");
      await settled();
    }
    expect(source.asked).to.equal(2);
    source.clock.at += 60_000;
    source.failure = undefined;
    await source.take();
    await settled();
    expect(await source.take()).to.equal("token-3");
  });

  it("waits longer after every failure in a row, at most 30 seconds", async () => {
    const source = rig();
    await source.take();
    source.failure = new Error("away");
    const attempts: number[] = [];
    for (let second = 480; second < 600; second++) {
      source.clock.at = start + second * 1_000;
      const before = source.asked;
      await source.take();
      await settled();
      if (source.asked > before) attempts.push(second - 480);
    }
    expect(attempts).to.deep.equal([0, 1, 3, 7, 15, 31, 61, 91]);
  });

  it("tries on every call when nothing is held", async () => {
    const source = rig();
    source.failure = new Error("away");
    for (let call = 1; call <= 3; call++) {
      expect(await source.take().catch((error: unknown) => error)).to.equal(source.failure);
      expect(source.asked).to.equal(call);
    }
  });

  it("never returns a token at or after its expiry, even while it waits to retry", async () => {
    const source = rig(5_000);
    await source.take();
    source.failure = new Error("away");
    source.clock.at = start + 4_999;
    expect(await source.take()).to.equal("token-1");
    await settled();
    source.clock.at = start + 5_000;
    expect(await source.take().catch((error: unknown) => error)).to.equal(source.failure);
    source.failure = undefined;
    expect(await source.take()).to.equal("token-4");
  });

  it("reports a failed refresh once, however many callers share it", async () => {
    const source = rig();
    await source.take();
    source.failure = new Error("away");
    source.clock.at = start + 480_000;
    await Promise.all(Array.from({ length: 100 }, source.take));
    await settled();
    expect(source.reported).to.deep.equal([source.failure]);
  });

  it("does not take a caller's abort for a failed refresh", async () => {
    const source = rig();
    await source.take();
    source.clock.at = start + tenMinutesMs;
    const answer = source.hold();
    const controller = new AbortController();
    const impatient = source.cached.token({ signal: controller.signal }).catch(() => "gave up");
    controller.abort(new Error("gave up"));
    expect(await impatient).to.equal("gave up");
    answer();
    await settled();
    expect(await source.take()).to.equal("token-2");
    expect(source.reported).to.deep.equal([]);
  });

  it("refreshes when the clock has moved back before the request", async () => {
    const source = rig();
    await source.take();
    source.clock.at = start - 1;
    expect(await source.take()).to.equal("token-2");
  });

  it("drops a token that was requested before a request that was answered 401", async () => {
    const source = rig();
    await source.take();
    source.clock.at = start + 1_000;
    source.cached.resetOlderThan(source.clock.at);
    expect(await source.take()).to.equal("token-2");
  });

  it("keeps a token that had already been replaced when the 401 came", async () => {
    const source = rig();
    await source.take();
    const requestWasSentAt = start;
    source.clock.at = start + 1_000;
    source.cached.resetOlderThan(start + 1);
    await source.take();
    source.cached.resetOlderThan(requestWasSentAt);
    expect(await source.take()).to.equal("token-2");
    expect(source.asked).to.equal(2);
  });

  it("holds no timer: an idle process can exit", async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    await settled();
    const before = timers();
    await rig().take();
    expect(timers()).to.equal(before);
  });

  it("refuses a token that had expired on our clock when it came, and says by how much", async () => {
    const source = rig(-90_000);
    const error = await source.take().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(CountersignError).and.include({ code: "ERR_TOKEN_EXPIRED_ON_ARRIVAL" });
    expect((error as Error).message)
      .to.match(/90 s/)
      .and.match(/clock/);
  });

  it("shows a held token without waiting, and starts the refresh that is due behind it", async () => {
    const source = rig();
    expect(source.cached.held()).to.equal(undefined);
    await settled();
    expect(source.cached.held()?.token.reveal()).to.equal("token-1");
    expect(source.asked).to.equal(1);
    source.clock.at = start + tenMinutesMs;
    expect(source.cached.held()).to.equal(undefined);
    expect(source.cached.held()).to.equal(undefined);
    expect(source.asked).to.equal(2);
  });

  it("never hands out a dead token, whatever time and the source do", async () => {
    const step = fc.record({ waitMs: fc.integer({ min: -2_000, max: 20_000 }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: -10, max: 30_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (steps, lifetimeMs, random) => {
          const source = rig(lifetimeMs, random);
          for (const { waitMs, fails } of steps) {
            source.clock.at += waitMs;
            source.failure = fails ? new Error("away") : undefined;
            const token: Token | undefined = await source.cached.token().catch(() => undefined);
            if (token !== undefined) expect(token.expiresAt).to.be.above(source.clock.at);
            if (!fails && lifetimeMs > 0) expect(token).to.not.equal(undefined);
            await settled();
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
