import { expect } from "chai";
import fc from "fast-check";
import { createBackOff } from "../../src/transport/back-off.ts";

describe("back-off", () => {
  const waits = (random: number, count: number): number[] => {
    const backOff = createBackOff({ now: () => 0, random: () => random });
    return Array.from({ length: count }, () => backOff.nextMs());
  };

  it("doubles from 800 ms on", () => {
    expect(waits(0, 5)).to.deep.equal([800, 1600, 3200, 6400, 12_800]);
  });

  it("adds up to as much again by chance, and never waits longer than 30 s", () => {
    expect(waits(0.5, 2)).to.deep.equal([1200, 2400]);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const all = waits(random, 2_000);
        expect(all[0]).to.be.within(800, 1600);
        expect(Math.max(...all)).to.be.within(15_000, 30_000);
      }),
    );
  });

  it("begins anew after a success", () => {
    const backOff = createBackOff({ now: () => 0, random: () => 0 });
    backOff.nextMs();
    backOff.nextMs();
    backOff.reset();
    expect(backOff.nextMs()).to.equal(800);
  });
});
