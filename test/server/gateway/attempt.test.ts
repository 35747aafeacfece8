import { expect } from "chai";
import { type Attempt, createAttempt } from "../../../src/server/gateway/attempt.ts";
import { until } from "../../until.ts";

const pending = "the oracle has not spoken yet";

describe("an attempt", () => {
  let attempt: Attempt<unknown> | undefined;
  afterEach(() => attempt?.close());

  it("is begun at once, and has its value once it has succeeded", async () => {
    attempt = createAttempt({ pending, attempt: async () => 7 });
    await attempt.settled();
    expect(attempt.value).to.equal(7);
    expect(() => attempt!.check()).not.to.throw();
  });

  it("says that nothing has come yet, and then why it failed", async () => {
    const { promise, reject } = Promise.withResolvers<number>();
    attempt = createAttempt({ pending, attempt: () => promise });
    expect(() => attempt!.check()).to.throw(pending);
    reject(new Error("a fog"));
    await attempt.settled();
    expect(() => attempt!.check()).to.throw(`${pending}: a fog`);
  });

  it("is tried again when somebody looks, one at a time", async () => {
    let tries = 0;
    attempt = createAttempt({
      pending,
      retryMs: 3_600_000,
      attempt: async () => {
        tries += 1;
        if (tries < 3) throw new Error("a fog");
        return tries;
      },
    });
    await attempt.settled();
    for (let look = 0; look < 3; look++) expect(() => attempt!.check()).to.throw("a fog");
    await attempt.settled();
    expect(tries).to.equal(2);
    expect(() => attempt!.check()).to.throw("a fog");
    await attempt.settled();
    expect(attempt.value).to.equal(3);
    attempt.check();
    await attempt.settled();
    expect(tries).to.equal(3);
  });

  it("is tried again by itself where nobody looks", async () => {
    let tries = 0;
    attempt = createAttempt({
      pending,
      retryMs: 1,
      attempt: async () => {
        tries += 1;
        if (tries < 3) throw new Error("a fog");
        return tries;
      },
    });
    await until(() => attempt!.value === 3);
  });

  it("is told of once its value is there; what that throws makes it one that failed", async () => {
    const ended: unknown[] = [];
    let fails = true;
    attempt = createAttempt({
      pending,
      retryMs: 3_600_000,
      attempt: async () => ({ of: "the oracle" }),
      begun() {
        expect(attempt!.value).to.deep.equal({ of: "the oracle" });
        if (fails) throw new Error("nobody listens");
      },
      end: (value) => ended.push(value),
    });
    await attempt.settled();
    expect(attempt.value).to.equal(undefined);
    expect(ended).to.have.length(1);
    fails = false;
    expect(() => attempt!.check()).to.throw("nobody listens");
    await attempt.settled();
    expect(attempt.value).to.deep.equal({ of: "the oracle" });
  });

  it("is told when nobody wants it any more", async () => {
    let given: AbortSignal | undefined;
    attempt = createAttempt({
      pending,
      attempt: (signal) => {
        given = signal;
        return new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
    });
    expect(given?.aborted).to.equal(false);
    await attempt.close();
    await attempt.settled();
    expect(given?.aborted).to.equal(true);
  });

  it("ends what it has when it is closed", async () => {
    const ended: unknown[] = [];
    attempt = createAttempt({ pending, attempt: async () => 7, end: (value) => ended.push(value) });
    await attempt.settled();
    await attempt.close();
    await attempt.close();
    expect(ended).to.deep.equal([7]);
  });

  it("ends what came after it was closed, and tries no more", async () => {
    const ended: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<number>();
    let tries = 0;
    attempt = createAttempt({
      pending,
      retryMs: 1,
      attempt() {
        tries += 1;
        return promise;
      },
      end: (value) => ended.push(value),
    });
    // nobody who leaves waits for an API server that is away
    await attempt.close();
    expect(ended).to.deep.equal([]);
    resolve(7);
    await attempt.settled();
    expect(ended).to.deep.equal([7]);
    expect(attempt.value).to.equal(undefined);
    expect(() => attempt!.check()).to.throw(pending);
    expect(tries).to.equal(1);
  });
});
