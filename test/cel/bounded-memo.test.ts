import { expect } from "chai";
import { createBoundedMemo } from "../../src/cel/bounded-memo.ts";

describe("createBoundedMemo", () => {
  const counting = (maxEntries: number) => {
    const made: string[] = [];
    const memo = createBoundedMemo(maxEntries, (text) => {
      made.push(text);
      return { text };
    });
    return { made, memo };
  };

  it("makes a value once", () => {
    const { made, memo } = counting(2);
    expect(memo("a")).to.equal(memo("a"));
    expect(made).to.deep.equal(["a"]);
  });

  it("forgets what was not used the longest", () => {
    const { made, memo } = counting(2);
    for (const text of ["a", "b", "a", "c", "a", "b"]) memo(text);
    expect(made).to.deep.equal(["a", "b", "c", "b"]);
  });

  it("keeps nothing of what could not be made", () => {
    let calls = 0;
    const memo = createBoundedMemo(2, () => {
      calls++;
      throw new Error("no");
    });
    for (const _ of [1, 2]) expect(() => memo("a")).to.throw("no");
    expect(calls).to.equal(2);
  });
});
