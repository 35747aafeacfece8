import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type FileWatcher, watchFiles } from "../../src/certificates/file-watcher.ts";
import { createHeldFile } from "../rig/held-file.ts";
import { until } from "../until.ts";

/** No test waits for a poll. */
const pollIntervalMs = 3_600_000;

describe("watchFiles", () => {
  let folder: string;
  let watcher: FileWatcher | undefined;
  let changes: number;
  const onChange = (): void => {
    changes += 1;
  };
  const file = (name: string): string => join(folder, name);
  const write = (name: string, text: string): void => {
    writeFileSync(file(`.${name}`), text);
    renameSync(file(`.${name}`), file(name));
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-watch-"));
    changes = 0;
  });
  afterEach(() => {
    watcher?.close();
    watcher = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  it("misses no change that comes while the files are read for the first time", async () => {
    const held = createHeldFile(file("held"));
    try {
      write("a", "1");
      const names = [["a", "held"], ["a"]];
      const watching = watchFiles({
        files: async () => (names.shift() ?? ["a"]).map(file),
        directories: [folder],
        onChange,
        pollIntervalMs,
      });
      const reading = await held.read();
      write("a", "2");
      await reading.say("");
      watcher = await watching;
      await until(() => changes > 0, "the change");
    } finally {
      held.release();
    }
  });

  it("tells of a change of content only", async () => {
    write("a", "1");
    watcher = await watchFiles({ files: [file("a")], onChange, pollIntervalMs });
    write("a", "1");
    await watcher.check();
    expect(changes).to.equal(0);
    write("a", "2");
    await watcher.check();
    expect(changes).to.equal(1);
    rmSync(file("a"));
    await watcher.check();
    expect(changes).to.equal(2);
  });

  it("tells of what changes while it tells, afterwards and never at the same time", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    write("a", "1");
    watcher = await watchFiles({
      files: [file("a")],
      pollIntervalMs,
      async onChange() {
        running += 1;
        most = Math.max(most, running);
        await gate;
        running -= 1;
        changes += 1;
      },
    });
    write("a", "2");
    const first = watcher.check();
    await until(() => running === 1, "the first");
    write("a", "3");
    const second = watcher.check();
    open();
    await Promise.all([first, second]);
    expect([changes, most]).to.deep.equal([2, 1]);
  });
});
