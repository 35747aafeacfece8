import { expect } from "chai";
import { createAPIServerClock } from "../../../src/server/certificates/api-server-clock.ts";

describe("the API server's clock", () => {
  let own = 1_000;
  let elapsed = 0;
  const create = () => createAPIServerClock({ now: () => own, random: () => 0.5 }, () => elapsed);

  it("is our own before the first answer", () => {
    const clock = create();
    clock.hear(undefined);
    own = 2_000;
    expect(clock.now()).to.equal(2_000);
    expect(clock.random()).to.equal(0.5);
  });

  it("goes on from what was heard, whatever our own does", () => {
    const clock = create();
    elapsed = 10;
    clock.hear(50_000);
    own = -1;
    elapsed = 110;
    expect(clock.now()).to.equal(50_100);
    own = 1e15;
    expect(clock.now()).to.equal(50_100);
  });

  it("follows what is heard later, back as well, and stays with it where nothing is said", () => {
    const clock = create();
    for (const date of [50_000, 40_000]) {
      clock.hear(date);
      clock.hear(undefined);
      expect(clock.now()).to.equal(date);
    }
  });
});
