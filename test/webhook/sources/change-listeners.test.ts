import { expect } from "chai";
import { createChangeListeners } from "../../../src/webhook/sources/change-listeners.ts";

describe("change listeners", () => {
  it("are told in their order, until they are ended", () => {
    const { add, tell } = createChangeListeners();
    const told: string[] = [];
    const end = add(() => void told.push("one"));
    add(() => void told.push("two"));
    tell();
    end();
    end();
    tell();
    expect(told).to.deep.equal(["one", "two", "two"]);
  });

  it("are told as often as they were added, and may end themselves", () => {
    const { add, tell } = createChangeListeners();
    let told = 0;
    const listener = (): void => void told++;
    const ends = [add(listener), add(listener)];
    tell();
    add(() => ends[0]!());
    tell();
    tell();
    expect(told).to.equal(5);
  });

  it("do not keep one another from being told; what one throws goes to the process", async () => {
    const { add, tell } = createChangeListeners();
    const fault = new Error("a listener's fault");
    let told = false;
    add(() => {
      throw fault;
    });
    add(() => {
      told = true;
    });
    // the runner would take it for a failed test
    const runner = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const caught = new Promise((resolve) => process.once("uncaughtException", resolve));
    tell();
    expect(await caught).to.equal(fault);
    for (const listener of runner) process.on("uncaughtException", listener);
    expect(told).to.equal(true);
  });
});
