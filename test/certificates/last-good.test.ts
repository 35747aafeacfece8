import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createLastGood, type LastGood } from "../../src/certificates/last-good.ts";
import { diagnosticsChannel, type ReloadMessage } from "../../src/diagnostics.ts";
import { until } from "../until.ts";

const channel = diagnosticsChannel("countersign:reload");

describe("createLastGood", () => {
  let directory: string;
  let file: string;
  let value: LastGood<string> | undefined;
  const messages: ReloadMessage[] = [];
  const listen = (message: unknown): void => {
    messages.push(message as ReloadMessage);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "countersign-"));
    file = join(directory, "value");
    messages.length = 0;
    channel.subscribe(listen);
  });
  afterEach(() => {
    channel.unsubscribe(listen);
    value?.close();
    value = undefined;
    rmSync(directory, { recursive: true });
  });

  const load = async (): Promise<string> => {
    const text = readFileSync(file, "utf8");
    if (text === "bad") throw new Error("the value is bad");
    return text;
  };
  // a poll no test waits for: what is seen is seen by the directory watch
  const create = (options: { pollIntervalMs?: number; onReload?: () => void } = {}) =>
    createLastGood({ what: "certificate", files: [file], load, pollIntervalMs: 3_600_000, ...options });

  /** As the kubelet updates a mounted Secret: new directory, symlink made beside, renamed over the old one. */
  const swap = (text: string): void => {
    const generation = mkdtempSync(join(directory, "..gen-"));
    writeFileSync(join(generation, "value"), text);
    symlinkSync(generation, join(directory, "..data_tmp"));
    renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
  };

  it("sees every swap of a mounted Secret, not only the first", async () => {
    swap("one");
    symlinkSync(join("..data", "value"), file);
    value = await create();
    for (const text of ["two", "three", "four"]) {
      swap(text);
      await until(() => value?.current === text);
    }
    expect(messages.map(({ outcome }) => outcome)).to.deep.equal(["reloaded", "reloaded", "reloaded"]);
  });

  it("keeps the last good value when a reload fails, says so, and takes the next good one", async () => {
    writeFileSync(file, "one");
    value = await create();
    writeFileSync(file, "bad");
    await until(() => messages.length === 1);
    expect(value.current).to.equal("one");
    expect(messages[0]).to.deep.equal({
      what: "certificate",
      file,
      outcome: "failed",
      detail: "the value is bad",
    });
    writeFileSync(file, "two");
    await until(() => value?.current === "two");
  });

  it("keeps the last good value while the file is away", async () => {
    writeFileSync(file, "one");
    value = await create();
    rmSync(file);
    await until(() => messages.length === 1);
    expect(value.current).to.equal("one");
    expect(messages[0]?.outcome).to.equal("failed");
  });

  it("tells of a new value once it is in use", async () => {
    writeFileSync(file, "one");
    const seen: (string | undefined)[] = [];
    value = await create({ onReload: () => seen.push(value?.current) });
    writeFileSync(file, "two");
    await until(() => messages.length === 1);
    expect(seen).to.deep.equal(["two"]);
  });

  it("does not load again what was only written again", async () => {
    writeFileSync(file, "one");
    value = await create();
    writeFileSync(file, "one");
    await value.check();
    expect(messages).to.deep.equal([]);
  });

  it("polls where the directory cannot tell", async () => {
    const elsewhere = join(directory, "elsewhere");
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, "value"), "one");
    symlinkSync(join(elsewhere, "value"), file);
    value = await create({ pollIntervalMs: 20 });
    writeFileSync(join(elsewhere, "value"), "two");
    await until(() => value?.current === "two");
  });

  it("throws when the first load fails, and watches nothing then", async () => {
    writeFileSync(file, "bad");
    const error: unknown = await create().catch((reason: unknown) => reason);
    expect((error as Error).message).to.equal("the value is bad");
  });
});
