import { expect } from "chai";
import { createDeadlineSet } from "../../../src/server/parts/deadline-set.ts";
import { until } from "../../until.ts";

describe("createDeadlineSet", () => {
  it("expires what is due once, in no order but never early", async () => {
    const set = createDeadlineSet();
    const expired: string[] = [];
    const begin = performance.now();
    const add = (name: string, afterMs: number): void => {
      const due = begin + afterMs;
      set.add({
        until: due,
        expire() {
          expect(performance.now()).to.be.at.least(due);
          expired.push(name);
        },
      });
    };
    add("late", 100);
    add("soon", 10);
    await until(() => expired.length === 2);
    expect(expired).to.deep.equal(["soon", "late"]);
  });

  it("forgets what was met", async () => {
    const set = createDeadlineSet();
    const expired: string[] = [];
    const met = { until: performance.now(), expire: () => expired.push("met") };
    set.add(met);
    set.add({ until: performance.now(), expire: () => expired.push("missed") });
    set.delete(met);
    await until(() => expired.length > 0);
    expect(expired).to.deep.equal(["missed"]);
  });
});
