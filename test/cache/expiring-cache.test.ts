import { expect } from "chai";
import fc from "fast-check";
import { createExpiringCache } from "../../src/cache/expiring-cache.ts";

function manualClock(): { now(): number; random(): number; at: number } {
  const clock = { at: Date.now(), now: () => clock.at, random: () => 0.5 };
  return clock;
}

describe("expiring cache", () => {
  it("gives back the very value that was set, not a copy", () => {
    const cache = createExpiringCache<object>({ maxEntries: 4 });
    const value = { nested: { list: [1] } };
    cache.set("a", value, Date.now() + 60_000);
    expect(cache.get("a")).to.equal(value);
    cache.close();
  });

  it("returns a value until the millisecond before its instant and never from then on", () => {
    const clock = manualClock();
    const cache = createExpiringCache<string>({ maxEntries: 4, clock });
    const expiresAt = clock.at + 10;
    cache.set("a", "value", expiresAt);
    clock.at = expiresAt - 1;
    expect(cache.get("a")).to.equal("value");
    clock.at = expiresAt;
    expect(cache.get("a")).to.equal(undefined);
    cache.close();
  });

  it("does not keep what has expired already, and drops what stood under that key", () => {
    const clock = manualClock();
    const cache = createExpiringCache<string>({ maxEntries: 4, clock });
    for (const expiresAt of [clock.at, clock.at - 1, 0, Number.NaN, Number.NEGATIVE_INFINITY]) {
      cache.set("a", "old", clock.at + 1_000);
      cache.set("a", "dead", expiresAt);
      expect(cache.get("a"), String(expiresAt)).to.equal(undefined);
      expect(cache.size).to.equal(0);
    }
    cache.close();
  });

  it("evicts the oldest entry when full, and never throws", () => {
    const cache = createExpiringCache<number>({ maxEntries: 3 });
    const expiresAt = Date.now() + 60_000;
    for (let index = 0; index < 1_000; index++) {
      cache.set(`key-${index}`, index, expiresAt);
      expect(cache.size).to.be.at.most(3);
    }
    expect(["key-996", "key-997", "key-998", "key-999"].map((key) => cache.get(key))).to.deep.equal([
      undefined,
      997,
      998,
      999,
    ]);
    cache.close();
  });

  it("evicts what was least recently used instead, where that is wanted", () => {
    const cache = createExpiringCache<number>({ maxEntries: 2, evict: "leastRecentlyUsed" });
    const expiresAt = Date.now() + 60_000;
    cache.set("a", 1, expiresAt);
    cache.set("b", 2, expiresAt);
    expect(cache.get("a")).to.equal(1);
    cache.set("c", 3, expiresAt);
    expect(["a", "b", "c"].map((key) => cache.get(key))).to.deep.equal([1, undefined, 3]);
    cache.delete("a");
    expect([cache.get("a"), cache.size]).to.deep.equal([undefined, 1]);
    cache.close();
  });

  it("overwrites an entry of a full cache without evicting another", () => {
    const cache = createExpiringCache<number>({ maxEntries: 2 });
    const expiresAt = Date.now() + 60_000;
    cache.set("a", 1, expiresAt);
    cache.set("b", 2, expiresAt);
    cache.set("a", 3, expiresAt);
    expect([cache.get("a"), cache.get("b"), cache.size]).to.deep.equal([3, 2, 2]);
    cache.close();
  });

  it("keeps nothing where no entry may be kept", () => {
    const cache = createExpiringCache<number>({ maxEntries: 0 });
    cache.set("a", 1, Date.now() + 60_000);
    expect(cache.get("a")).to.equal(undefined);
    cache.close();
  });

  it("counts an entry out when it is deleted", () => {
    const cache = createExpiringCache<number>({ maxEntries: 2 });
    cache.set("a", 1, Date.now() + 60_000);
    cache.delete("a");
    cache.delete("never set");
    expect([cache.get("a"), cache.size]).to.deep.equal([undefined, 0]);
    cache.close();
  });

  it("holds any string as a key, those of Object.prototype included", () => {
    const cache = createExpiringCache<string>({ maxEntries: 100 });
    const keys = ["__proto__", "constructor", "toString", "hasOwnProperty", "", "0", "\u0000"];
    for (const key of keys) expect(cache.get(key), key).to.equal(undefined);
    for (const key of keys) cache.set(key, `value of ${key}`, Date.now() + 60_000);
    for (const key of keys) expect(cache.get(key)).to.equal(`value of ${key}`);
    expect(cache.size).to.equal(keys.length);
    for (const key of keys) cache.delete(key);
    expect(cache.size).to.equal(0);
    cache.close();
  });

  it("holds falsy values", () => {
    const cache = createExpiringCache<unknown>({ maxEntries: 8 });
    for (const value of [0, "", false, Number.NaN]) {
      cache.set("a", value, Date.now() + 60_000);
      expect(cache.get("a")).to.deep.equal(value);
    }
    cache.close();
  });

  it("is empty after it was closed", () => {
    const cache = createExpiringCache<number>({ maxEntries: 2 });
    cache.set("a", 1, Date.now() + 60_000);
    cache.close();
    expect([cache.get("a"), cache.size]).to.deep.equal([undefined, 0]);
  });

  it("behaves as a plain bounded map does, whatever is done to it", () => {
    const act = fc.record({
      kind: fc.constantFrom("set", "delete", "wait"),
      key: fc.constantFrom("a", "b", "c", "d", "__proto__"),
      lifetimeMs: fc.integer({ min: -5, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (acts, maxEntries) => {
        const clock = manualClock();
        const cache = createExpiringCache<number>({ maxEntries, clock });
        const last = new Map<string, { value: number; expiresAt: number }>();
        acts.forEach(({ kind, key, lifetimeMs }, index) => {
          if (kind === "wait") clock.at += Math.abs(lifetimeMs);
          if (kind === "delete") last.delete(key);
          if (kind === "delete") cache.delete(key);
          if (kind === "set") last.set(key, { value: index, expiresAt: clock.at + lifetimeMs });
          if (kind === "set") cache.set(key, index, clock.at + lifetimeMs);
          expect(cache.size).to.be.at.most(maxEntries);
          for (const name of ["a", "b", "c", "d", "__proto__"]) {
            const found = cache.get(name);
            if (found === undefined) continue;
            expect(found).to.equal(last.get(name)?.value);
            expect(last.get(name)!.expiresAt).to.be.above(clock.at);
          }
        });
        cache.close();
      }),
    );
  });
});
