import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { createApplicationLayer } from "../../../scripts/image/application-layer.ts";
import { fileEntry } from "../../../scripts/image/image-entry.ts";

describe("createApplicationLayer", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-application-"));
    for (const [file, mode] of [
      ["package.json", 0o644],
      ["dist/index.js", 0o600],
      ["dist/index.d.ts", 0o644],
      ["dist/commands/countersign.cjs", 0o755],
      ["dist/commands/countersign.d.cts", 0o644],
    ] as const) {
      mkdirSync(join(folder, "package", dirname(file)), { recursive: true });
      writeFileSync(join(folder, "package", file), file, { mode });
    }
    execFileSync("tar", ["-czf", "own.tgz", "package"], { cwd: folder });
  });
  after(() => rmSync(folder, { recursive: true }));

  it("is the package where Node looks for it, readable by all, without declarations", () => {
    const more = [fileEntry("app/more.json", "{}")];
    const { name, entries } = createApplicationLayer(join(folder, "own.tgz"), more);
    expect(name).to.equal("application");
    const files = entries.filter(({ content }) => content !== undefined);
    expect(files.map(({ path, mode }) => [path, mode.toString(8)])).to.deep.equal([
      ["app/more.json", "644"],
      ["app/node_modules/countersign/dist/commands/countersign.cjs", "755"],
      ["app/node_modules/countersign/dist/index.js", "644"],
      ["app/node_modules/countersign/package.json", "644"],
    ]);
  });
});
