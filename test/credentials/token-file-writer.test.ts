import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { writeTokenFile } from "../../src/credentials/token-file-writer.ts";
import { CountersignError } from "../../src/errors.ts";

describe("writeTokenFile", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "countersign-token-file-")), "tokens");
    file = join(folder, "svc");
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

  const refusal = (): string => {
    try {
      writeTokenFile(file, "a-token");
    } catch (error) {
      expect(error).to.be.instanceOf(CountersignError).with.property("code", "ERR_CONFIGURATION");
      expect((error as Error).message).to.not.include("a-token");
      return (error as Error).message;
    }
    return "";
  };
  const read = (): string => readFileSync(file, "utf8");

  it("writes the token and not a byte more, 0600 in a folder 0700, whatever the umask", () => {
    for (const umask of [0, 0o777]) {
      const before = process.umask(umask);
      try {
        writeTokenFile(file, "a-token");
      } finally {
        process.umask(before);
      }
      // a folder that the umask closed to its owner as well
      chmodSync(folder, 0o700);
      expect(read()).to.equal("a-token");
      expect(lstatSync(file).mode & 0o777).to.equal(0o600);
    }
  });

  it("leaves nothing beside it", () => {
    writeTokenFile(file, "one");
    writeTokenFile(file, "two");
    expect(readdirSync(folder)).to.deep.equal(["svc"]);
    expect(read()).to.equal("two");
  });

  it("is read whole at every moment: no half token, none that is missing", async function () {
    this.timeout(30_000);
    const tokens = ["a".repeat(3_000), "b".repeat(2_000)];
    writeTokenFile(file, tokens[0]!);
    const reading = `
      const { readFileSync } = require("node:fs");
      const { parentPort, workerData } = require("node:worker_threads");
      const seen = new Set();
      let stop = false;
      parentPort.on("message", () => { stop = true; });
      const look = () => {
        for (let i = 0; i < 200; i++) seen.add(readFileSync(workerData, "utf8"));
        if (stop) { parentPort.postMessage([...seen]); parentPort.close(); } else setImmediate(look);
      };
      look();`;
    const reader = new Worker(reading, { eval: true, workerData: file });
    await new Promise((resolve) => reader.once("online", resolve));
    for (let count = 0; count < 300; count++) writeTokenFile(file, tokens[count % 2]!);
    const seen = new Promise<string[]>((resolve, reject) =>
      reader.on("message", resolve).on("error", reject),
    );
    reader.postMessage("stop");
    for (const text of await seen) expect(tokens.includes(text), `read ${text.length} bytes`).to.equal(true);
  });

  it("replaces a link that stands in its place, and never writes through it", () => {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, "precious"), "precious");
    symlinkSync("precious", file);
    symlinkSync("precious", `${file}.${process.pid}`);
    writeTokenFile(file, "a-token");
    expect(readFileSync(join(folder, "precious"), "utf8")).to.equal("precious");
    expect(lstatSync(file).isFile()).to.equal(true);
  });

  it("gets over what a crash left behind", () => {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(`${file}.${process.pid}`, "half a tok");
    writeTokenFile(file, "a-token");
    expect(readdirSync(folder)).to.deep.equal(["svc"]);
  });

  it("refuses a folder that others may write", () => {
    mkdirSync(folder);
    chmodSync(folder, 0o770);
    expect(refusal()).to.match(/tokens may be written by group or others/);
  });

  it("refuses a folder of somebody else's", function () {
    if (process.geteuid?.() !== 0) return this.skip();
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, 65_534, 65_534);
    expect(refusal()).to.include("belongs to uid 65534");
  });

  it("keeps the file it cannot replace, and leaves nothing beside it", () => {
    mkdirSync(file, { recursive: true, mode: 0o700 });
    expect(refusal()).to.include("svc cannot be written (EISDIR)");
    expect(readdirSync(folder)).to.deep.equal(["svc"]);
  });
});
