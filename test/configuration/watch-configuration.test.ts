import {
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  type WatchedConfiguration,
  watchConfiguration,
} from "../../src/configuration/watch-configuration.ts";
import { diagnosticsChannel, type ReloadMessage } from "../../src/diagnostics.ts";
import { until } from "../until.ts";

const channel = diagnosticsChannel("countersign:reload");

describe("watchConfiguration", () => {
  let directory: string;
  let file: string;
  let watched: WatchedConfiguration<string> | undefined;
  let inUse: string[];
  const messages: ReloadMessage[] = [];
  const listen = (message: unknown): void => {
    messages.push(message as ReloadMessage);
  };
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "countersign-")));
    file = join(directory, "server.yaml");
    writeFileSync(file, "one");
    messages.length = 0;
    inUse = [];
    channel.subscribe(listen);
  });
  afterEach(() => {
    channel.unsubscribe(listen);
    watched?.close();
    watched = undefined;
    rmSync(directory, { recursive: true });
  });

  const load = async (name: string): Promise<string> => {
    const text = readFileSync(name, "utf8");
    if (text === "wrong") throw new Error("it is wrong");
    return text;
  };
  const use = async (text: string): Promise<void> => {
    if (text === "useless") throw new Error("it names what is not there");
    inUse.push(text);
  };
  // polls that no test waits for: what is seen is seen by the directory watch
  const watch = (retryMs = 3_600_000) =>
    watchConfiguration({ file, load, pollIntervalMs: 3_600_000, retryMs });
  const outcomes = (): string[] => messages.map(({ outcome, detail }) => [outcome, detail].join(" ").trim());

  it("reads first, and throws what reading throws", async () => {
    watched = await watch();
    expect([watched.first, inUse]).to.deep.equal(["one", []]);
    writeFileSync(file, "wrong");
    const error: unknown = await watch().catch((reason: unknown) => reason);
    expect(error).to.have.property("message", "it is wrong");
  });

  it("takes what changes into use, and says so", async () => {
    watched = await watch();
    watched.follow(use);
    writeFileSync(file, "two");
    await until(() => inUse.includes("two"));
    await until(() => messages.length === 1);
    expect(messages).to.deep.equal([{ what: "configuration", file, outcome: "reloaded" }]);
  });

  it("loses no change that comes before it is followed", async () => {
    watched = await watch();
    writeFileSync(file, "two");
    const reloaded = watched.reload();
    watched.follow(use);
    await reloaded;
    expect(inUse).to.include("two");
  });

  it("follows a ConfigMap's folder through one swap after the other", async () => {
    const swap = (text: string): void => {
      const generation = mkdtempSync(join(directory, "..gen-"));
      writeFileSync(join(generation, "server.yaml"), text);
      symlinkSync(generation, join(directory, "..data_tmp"));
      renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
    };
    rmSync(file);
    swap("one");
    symlinkSync(join("..data", "server.yaml"), file);
    watched = await watch();
    watched.follow(use);
    for (const text of ["two", "three", "four"]) {
      swap(text);
      await until(() => inUse.at(-1) === text);
    }
  });

  for (const text of ["wrong", "useless"])
    it(`keeps what is in use where the next is ${text}, says so, and goes on`, async () => {
      watched = await watch();
      watched.follow(use);
      writeFileSync(file, text);
      await until(() => messages.length === 1);
      expect(messages[0]).to.include({ what: "configuration", file, outcome: "failed" });
      expect(inUse).to.deep.equal([]);
      writeFileSync(file, "three");
      await until(() => inUse.includes("three"));
    });

  it("tries again what failed, the file unchanged, and says a failure once", async () => {
    watched = await watch(5);
    let attempts = 0;
    watched.follow(async (text) => {
      attempts++;
      if (attempts < 5) throw new Error("not yet");
      inUse.push(text);
    });
    writeFileSync(file, "two");
    await until(() => inUse.includes("two"));
    await until(() => messages.length === 2);
    expect(outcomes()).to.deep.equal(["failed not yet", "reloaded"]);
  });

  it("reads an unchanged file again where it is told to, one reading after the other", async () => {
    watched = await watch();
    let running = 0;
    watched.follow(async (text) => {
      running++;
      expect(running).to.equal(1);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      inUse.push(text);
    });
    await Promise.all([watched.reload(), watched.reload()]);
    expect(inUse).to.deep.equal(["one", "one"]);
  });

  it("is still once it is closed", async () => {
    watched = await watch();
    watched.follow(use);
    watched.close();
    await watched.reload();
    expect([inUse, messages]).to.deep.equal([[], []]);
  });
});
