import { expect } from "chai";
import { createContainerLog } from "../../../src/testing/kubelet/container-log.ts";

const never = new AbortController().signal;

describe("a container's log", () => {
  it("holds a text line by line, each with its time", () => {
    const log = createContainerLog();
    log.append("one\ntwo\n", 5);
    log.append("\n", 6);
    expect(log.entries).to.deep.equal([
      { writtenAt: 5, text: "one\n" },
      { writtenAt: 5, text: "two\n" },
      { writtenAt: 6, text: "\n" },
    ]);
  });

  it("holds the beginning of a line as an entry of its own", () => {
    const log = createContainerLog();
    log.append("one\ntw", 5);
    log.append("o\n", 6);
    expect(log.entries.map(({ text }) => text)).to.deep.equal(["one\n", "tw", "o\n"]);
  });

  it("holds nothing for an empty text", () => {
    const log = createContainerLog();
    log.append("", 5);
    expect(log.entries).to.deep.equal([]);
  });

  it("tells at once of more than is known, and otherwise when there is", async () => {
    const log = createContainerLog();
    log.append("one\n", 5);
    await log.more(0, never);
    let told = false;
    const more = log.more(1, never).then(() => {
      told = true;
    });
    await Promise.resolve();
    expect(told).to.equal(false);
    log.append("two\n", 6);
    await more;
  });

  it("tells everybody who waits, however many", async () => {
    const log = createContainerLog();
    const all = Array.from({ length: 100 }, () => log.more(0, never));
    log.append("one\n", 5);
    await Promise.all(all);
  });

  it("tells of its end, before and afterwards", async () => {
    const log = createContainerLog();
    const more = log.more(0, never);
    expect(log.ended).to.equal(false);
    log.end();
    await more;
    await log.more(0, never);
    expect(log.ended).to.equal(true);
  });

  it("keeps nobody waiting who has gone", async () => {
    const log = createContainerLog();
    const gone = new AbortController();
    const more = log.more(0, gone.signal);
    gone.abort();
    await more;
    await log.more(0, gone.signal);
  });
});
