import { expect } from "chai";
import { andThen } from "../src/maybe-promise.ts";

describe("andThen", () => {
  const increment = (value: number): number => value + 1;

  it("goes on at once with what is there", () => expect(andThen(1, increment)).to.equal(2));

  it("waits for what is not", async () => {
    const later = andThen(Promise.resolve(1), increment);
    expect(later).to.be.instanceOf(Promise);
    expect(await later).to.equal(2);
  });

  it("lets a throw be a throw, and a rejection a rejection", async () => {
    const fail = (): never => {
      throw new Error("no");
    };
    expect(() => andThen(1, fail)).to.throw("no");
    expect(
      await Promise.resolve(andThen(Promise.resolve(1), fail)).catch((error: Error) => error.message),
    ).to.equal("no");
  });
});
