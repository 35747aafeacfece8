import { expect } from "chai";
import { type Reconciliation, startReconciliation } from "../../../src/server/certificates/reconciliation.ts";
import { until } from "../../until.ts";

describe("a reconciliation", () => {
  let looks = 0;
  let running = 0;
  let most = 0;
  let waits: number[] = [];
  let failures: unknown[] = [];
  let reconciliation: Reconciliation | undefined;
  let look: () => Promise<number>;
  beforeEach(() => {
    [looks, running, most, waits, failures] = [0, 0, 0, [], []];
    look = async () => 60_000;
  });
  afterEach(() => reconciliation?.close());

  function start({ longestMs = 60_000, spacingMs = 1 } = {}): Reconciliation {
    reconciliation = startReconciliation({
      async reconcile() {
        most = Math.max(most, ++running);
        looks++;
        try {
          return await look();
        } finally {
          running--;
        }
      },
      onFailure: (error) => failures.push(error),
      backOff: {
        nextMs() {
          waits.push(1);
          return 1;
        },
        reset: () => void waits.push(0),
      },
      longestMs,
      spacingMs,
    });
    return reconciliation;
  }

  it("looks at once, and says when it has", async () => {
    await start().tried;
    expect(looks).to.equal(1);
    expect(reconciliation!.failure).to.equal(undefined);
  });

  it("looks again when it is woken, once for any number of times", async () => {
    await start({ spacingMs: 30 }).tried;
    for (let times = 0; times < 50; times++) reconciliation!.wake();
    await until(() => looks === 2);
    reconciliation!.wake();
    await until(() => looks === 3);
  });

  it("looks again when it was woken while it looked, and never twice at the same time", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    look = async () => {
      if (looks === 1) await promise;
      return 60_000;
    };
    start();
    await until(() => looks === 1);
    reconciliation!.wake();
    resolve();
    await until(() => looks === 2);
    expect(most).to.equal(1);
  });

  it("looks again when its time has come, and at the latest after the longest sleep", async () => {
    look = async () => 5;
    start();
    await until(() => looks > 3);
    await reconciliation!.close();
    looks = 0;
    look = async () => Number.POSITIVE_INFINITY;
    start({ longestMs: 5 });
    await until(() => looks > 3);
  });

  it("keeps its distance, however often it is woken", async () => {
    look = async () => 0;
    start({ spacingMs: 60_000 });
    await reconciliation!.tried;
    for (let times = 0; times < 10; times++) {
      reconciliation!.wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(looks).to.equal(1);
  });

  it("tells of a failure, tries again by its back-off, and forgets both once it went well", async () => {
    const failure = new Error("not yet");
    look = async () => {
      if (looks < 4) throw failure;
      return 60_000;
    };
    await start().tried;
    expect(reconciliation!.failure).to.equal(failure);
    await until(() => looks === 4 && reconciliation!.failure === undefined);
    expect(failures).to.deep.equal([failure, failure, failure]);
    expect(waits).to.deep.equal([1, 1, 1, 0]);
  });

  it("ends when it is closed, and tells of no failure that closing made", async () => {
    const { promise, reject } = Promise.withResolvers<number>();
    look = () => promise;
    start();
    await until(() => looks === 1);
    const closed = reconciliation!.close();
    reject(new Error("aborted"));
    await closed;
    reconciliation!.wake();
    expect([looks, running, failures]).to.deep.equal([1, 0, []]);
  });
});
