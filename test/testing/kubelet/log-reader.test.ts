import { expect } from "chai";
import { type ContainerLog, createContainerLog } from "../../../src/testing/kubelet/container-log.ts";
import { type LogReading, readLog } from "../../../src/testing/kubelet/log-reader.ts";

const now = Date.UTC(2026, 10, 21, 12);
const never = new AbortController().signal;

function logOf(...texts: readonly string[]): ContainerLog {
  const log = createContainerLog();
  for (const [index, text] of texts.entries()) log.append(text, now - 10_000 * (texts.length - index));
  return log;
}

async function read(log: ContainerLog, options: Partial<LogReading> = {}): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of readLog(log, { ...defaults, ...options })) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const defaults: LogReading = { follow: false, previous: false, timestamps: false, now, signal: never };

describe("reading a log", () => {
  const log = logOf("one\n", "two\n", "three\n");

  it("gives all of it", async () => {
    expect(await read(log)).to.equal("one\ntwo\nthree\n");
    expect(await read(logOf())).to.equal("");
  });

  it("gives its last lines, as many as there are", async () => {
    expect(await read(log, { tailLines: 2 })).to.equal("two\nthree\n");
    expect(await read(log, { tailLines: 9 })).to.equal("one\ntwo\nthree\n");
    expect(await read(log, { tailLines: 0 })).to.equal("");
  });

  it("leaves out what is older, counted from now or told by its time", async () => {
    expect(await read(log, { sinceSeconds: 20 })).to.equal("two\nthree\n");
    expect(await read(log, { sinceTime: now - 10_000 })).to.equal("three\n");
    expect(await read(log, { sinceTime: now })).to.equal("");
  });

  it("counts the tail first, and leaves out of it what is older", async () => {
    expect(await read(log, { tailLines: 2, sinceTime: now - 10_000 })).to.equal("three\n");
    expect(await read(log, { tailLines: 1, sinceSeconds: 3_600 })).to.equal("three\n");
  });

  it("ends in the middle of a line where that is as much as was wanted", async () => {
    expect(await read(log, { limitBytes: 6 })).to.equal("one\ntw");
    expect(await read(log, { limitBytes: 4 })).to.equal("one\n");
  });

  it("counts bytes, not letters", async () => {
    expect(await read(logOf("äö\n"), { limitBytes: 4 })).to.equal("äö");
  });

  it("puts the time before each line, once for a line that came in pieces", async () => {
    const pieces = logOf("be", "gun\n", "next\n");
    expect(await read(pieces, { timestamps: true })).to.equal(
      "2026-11-21T11:59:30.000000000Z begun\n2026-11-21T11:59:50.000000000Z next\n",
    );
  });

  it("follows what is written until the container ends", async () => {
    const growing = logOf("one\n");
    const text = read(growing, { follow: true });
    growing.append("two\n", now);
    await Promise.resolve();
    growing.append("three\n", now);
    growing.end();
    expect(await text).to.equal("one\ntwo\nthree\n");
  });

  it("follows from a tail of nothing", async () => {
    const growing = logOf("one\n");
    const text = read(growing, { follow: true, tailLines: 0 });
    growing.append("two\n", now);
    growing.end();
    expect(await text).to.equal("two\n");
  });

  it("follows no further than was wanted", async () => {
    const growing = logOf("one\n");
    const text = read(growing, { follow: true, limitBytes: 6 });
    growing.append("two\n", now);
    expect(await text).to.equal("one\ntw");
  });

  it("follows a log that has ended to its end", async () => {
    const ended = logOf("one\n");
    ended.end();
    expect(await read(ended, { follow: true })).to.equal("one\n");
  });

  it("ends when nobody reads any more", async () => {
    const gone = new AbortController();
    const text = read(logOf("one\n"), { follow: true, signal: gone.signal });
    gone.abort();
    expect(await text).to.match(/^(one\n)?$/);
  });
});
