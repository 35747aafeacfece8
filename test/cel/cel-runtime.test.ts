import { expect } from "chai";
import { createCelRuntime } from "../../src/cel/cel-runtime.ts";

const decide = () => ({ allowed: true, reason: "", error: "" });

describe("createCelRuntime", () => {
  it("tells value and cost", () => {
    const runtime = createCelRuntime();
    const result = runtime.run({ limit: 10, decide }, () => {
      runtime.charge(3);
      runtime.charge(7);
      return "done";
    });
    expect(result).to.deep.equal({ value: "done", cost: 10 });
  });

  it("stops at the limit, and at every charge after it", () => {
    const runtime = createCelRuntime();
    let refused = 0;
    const result = runtime.run({ limit: 10, decide }, () => {
      for (const units of [11, 0, 1])
        try {
          runtime.charge(units);
        } catch {
          refused++;
        }
      return "absorbed";
    });
    expect(refused).to.equal(3);
    expect(result.error?.message).to.equal("operation cancelled: actual cost limit of 10 exceeded");
  });

  it("refuses a cost that is no number", () => {
    const runtime = createCelRuntime();
    expect(runtime.run({ limit: 10, decide }, () => runtime.charge(Number.NaN)).error).to.be.instanceOf(
      Error,
    );
  });

  it("hands on what the work throws, with its cost", () => {
    const runtime = createCelRuntime();
    const failure = new Error("no");
    const result = runtime.run({ limit: 10, decide }, () => {
      runtime.charge(2);
      throw failure;
    });
    expect(result).to.deep.equal({ error: failure, cost: 2 });
  });

  it("keeps runs apart, one within another too, and errors outside whole", () => {
    const runtime = createCelRuntime();
    const { stackTraceLimit } = Error;
    const result = runtime.run({ limit: 10, decide }, () => {
      runtime.charge(4);
      expect(runtime.run({ limit: 5, decide }, () => runtime.charge(6)).error).to.be.instanceOf(Error);
      runtime.charge(4);
    });
    expect(result).to.deep.equal({ value: undefined, cost: 8 });
    expect(Error.stackTraceLimit).to.equal(stackTraceLimit);
    runtime.charge(1_000_000);
    expect(() => runtime.decide({ user: { username: "a" } })).to.throw();
  });
});
