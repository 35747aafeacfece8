import { expect } from "chai";
import { createReadiness } from "../../../src/webhook/sources/readiness.ts";

describe("readiness", () => {
  const reasonOf = (waiting: Promise<void>): Promise<unknown> =>
    waiting.then(
      () => "ready",
      (reason: unknown) => reason,
    );

  it("resolves for whoever waits, before and after", async () => {
    const readiness = createReadiness();
    const waiting = [readiness.wait(), readiness.wait(new AbortController().signal)];
    expect(readiness.reached).to.equal(false);
    readiness.reach();
    await Promise.all([...waiting, readiness.wait(), readiness.wait(AbortSignal.abort())]);
    expect(readiness.reached).to.equal(true);
  });

  it("lets each give up with a reason of its own", async () => {
    const readiness = createReadiness();
    const [one, other] = [new AbortController(), new AbortController()];
    const outcomes = [reasonOf(readiness.wait(one.signal)), reasonOf(readiness.wait(other.signal))];
    one.abort("first");
    expect(await outcomes[0]).to.equal("first");
    readiness.reach();
    expect(await outcomes[1]).to.equal("ready");
    expect(await reasonOf(createReadiness().wait(AbortSignal.abort("before")))).to.equal("before");
  });

  it("says why it does not come, unless it had come", async () => {
    const readiness = createReadiness();
    const waiting = reasonOf(readiness.wait());
    readiness.fail("closed");
    expect(await waiting).to.equal("closed");
    expect(await reasonOf(readiness.wait(new AbortController().signal))).to.equal("closed");
    const reached = createReadiness();
    reached.reach();
    reached.fail("closed");
    expect(await reasonOf(reached.wait())).to.equal("ready");
  });
});
