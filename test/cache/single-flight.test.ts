import { expect } from "chai";
import { createSingleFlight } from "../../src/cache/single-flight.ts";

describe("single flight", () => {
  it("does the work once for all who ask while it runs", async () => {
    const flights = createSingleFlight<number>();
    let runs = 0;
    const work = async (): Promise<number> => ++runs;
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => flights.do("key", work)));
    expect(new Set(answers)).to.deep.equal(new Set([1]));
    expect(runs).to.equal(1);
  });

  it("keeps different keys apart", async () => {
    const flights = createSingleFlight<string>();
    const answers = await Promise.all(["a", "b"].map((key) => flights.do(key, async () => key)));
    expect(answers).to.deep.equal(["a", "b"]);
  });

  it("works anew once a flight has ended, whether it succeeded or failed", async () => {
    const flights = createSingleFlight<number>();
    let runs = 0;
    const work = async (): Promise<number> => {
      runs++;
      if (runs === 1) throw new Error("first");
      return runs;
    };
    expect(await flights.do("key", work).catch((error: Error) => error.message)).to.equal("first");
    expect(await flights.do("key", work)).to.equal(2);
    expect(await flights.do("key", work)).to.equal(3);
  });

  it("rejects a caller that gives up with its own reason and lets the work go on for the others", async () => {
    const flights = createSingleFlight<string>();
    const { promise, resolve } = Promise.withResolvers<string>();
    const controller = new AbortController();
    const impatient = flights.do("key", () => promise, controller.signal).catch((error: unknown) => error);
    const patient = flights.do("key", () => promise);
    const reason = new Error("gave up");
    controller.abort(reason);
    expect(await impatient).to.equal(reason);
    resolve("done");
    expect(await patient).to.equal("done");
  });

  it("rejects at once a caller that had given up before it asked", async () => {
    const flights = createSingleFlight<string>();
    const reason = new Error("gave up");
    const outcome = await flights
      .do("key", async () => "done", AbortSignal.abort(reason))
      .catch((error: unknown) => error);
    expect(outcome).to.equal(reason);
  });

  it("leaves no unhandled rejection behind when every caller has given up", async () => {
    const flights = createSingleFlight<string>();
    const { promise, reject } = Promise.withResolvers<string>();
    const controller = new AbortController();
    const outcome = flights.do("key", () => promise, controller.signal).catch((error: unknown) => error);
    controller.abort(new Error("gave up"));
    await outcome;
    reject(new Error("late"));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
