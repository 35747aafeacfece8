import { PassThrough, Readable } from "node:stream";
import { expect } from "chai";
import { beginningOf } from "../../src/kubelet/answer-beginning.ts";

describe("the beginning of an answer", () => {
  it("is all of one that comes to an end, whatever its pieces", async () => {
    const snow = Buffer.from("snow ❄\n");
    const body = Readable.from([snow.subarray(0, 6), snow.subarray(6)], { objectMode: false });
    expect(await beginningOf(body, { maxBytes: 100 })).to.equal("snow ❄\n");
  });

  it("is no more than that, and the rest is not read", async () => {
    const endless = new Readable({
      read() {
        this.push("x".repeat(1000));
      },
    });
    expect(await beginningOf(endless, { maxBytes: 1500 })).to.equal("x".repeat(1500));
    expect(endless.destroyed).to.equal(true);
  });

  it("is what was said in time, where no end comes", async () => {
    const body = new PassThrough();
    body.write("Forbidden");
    expect(await beginningOf(body, { maxBytes: 1000, timeoutMs: 50 })).to.equal("Forbidden");
    expect(body.destroyed).to.equal(true);
  });

  it("is what came before it broke off", async () => {
    const body = new PassThrough();
    body.write("half");
    const said = beginningOf(body, { maxBytes: 1000 });
    setImmediate(() => body.destroy(new Error("reset")));
    expect(await said).to.equal("half");
  });
});
