import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { loadedPackages, packageFiles } from "../../../scripts/image/dependencies-layer.ts";
import { readLockFile } from "../../../scripts/image/lock-file.ts";
import { external } from "../../../scripts/package-chunks.ts";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));

describe("loadedPackages", () => {
  const lockFile = readLockFile(".");
  const names = new Set(loadedPackages(lockFile).map(({ name }) => name));

  it("has every package that our code imports and that is not bundled", () => {
    const imported = globSync("src/**/*.ts").flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"([^."][^"]*)"/g)].map(
        ([, name]) => name!,
      ),
    );
    const loaded = imported.filter((name) => !isBuiltin(name) && external.test(name));
    expect(loaded).to.include("@kubernetes/client-node").and.include("undici");
    const packages = loaded.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]);
    expect(packages.filter((name) => !names.has(name))).to.deep.equal([]);
  });

  it("has nothing that only development or a compiler needs, and nothing that was bundled", () => {
    const development = Object.keys(manifest.devDependencies);
    expect(
      [...names].filter((name) => development.includes(name) || name.startsWith("@types/")),
    ).to.deep.equal([]);
    expect([...names])
      .to.not.include.members(["koa"])
      .and.not.include.members(["zod"]);
  });
});

describe("packageFiles", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-dependencies-"));
    for (const file of [
      "a/package.json",
      "a/LICENSE",
      "a/licence.md",
      "a/NOTICE.txt",
      "a/lib/index.js",
      "a/lib/index.mjs",
      "a/lib/index.cjs",
      "a/lib/index.js.map",
      "a/lib/index.d.ts",
      "a/lib/index.ts",
      "a/lib/native.node",
      "a/lib/parser.wasm",
      "a/README.md",
      "a/prebuilds/other.bare",
      "a/node_modules/b/index.js",
    ]) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), file);
    }
    symlinkSync("/etc/hostname", join(folder, "a/lib/link.js"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("keeps what Node loads and licences, and neither what lies in its node_modules nor links", () => {
    const entries = packageFiles(folder, "a");
    expect(entries.map(({ path }) => path).sort()).to.deep.equal(
      [
        "LICENSE",
        "NOTICE.txt",
        "lib/index.cjs",
        "lib/index.js",
        "lib/index.mjs",
        "lib/native.node",
        "lib/parser.wasm",
        "licence.md",
        "package.json",
      ].map((file) => `app/a/${file}`),
    );
    expect(entries.every(({ mode }) => mode === 0o644)).to.equal(true);
  });

  it("keeps what each of our packages names as its entry, and a licence wherever there is one", () => {
    for (const { path } of loadedPackages(readLockFile("."))) {
      const kept = new Set(packageFiles(".", path).map((entry) => entry.path.slice(`app/${path}/`.length)));
      const { main } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as { main?: unknown };
      // without an ending, or a list of files, it is said in a way that Node looks further for
      if (typeof main === "string" && /\.\w+$/.test(main) && existsSync(join(path, main)))
        expect(kept.has(join(main)), `${path} ${main}`).to.equal(true);
      const licences = globSync("{LICEN[CS]E,licen[cs]e}*", { cwd: path });
      expect(
        licences.filter((file) => !kept.has(file)),
        path,
      ).to.deep.equal([]);
    }
  });
});
