import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  dependenciesOf,
  type LockFile,
  readLockFile,
  withDependencies,
} from "../../../scripts/image/lock-file.ts";

const packages = {
  "": { name: "own", version: "1.0.0", license: "MIT", dependencies: { a: "^1.0.0", "@s/b": "1" } },
  "node_modules/@s/b": { version: "1.0.0", peerDependencies: { a: "1" } },
  "node_modules/a": {
    version: "1.0.0",
    dependencies: { c: "^1.0.0" },
    optionalDependencies: { absent: "1" },
  },
  "node_modules/a/node_modules/c": { version: "1.0.0", dependencies: { d: "1", a: "1" } },
  "node_modules/c": { version: "2.0.0", license: "ISC", integrity: "sha512-AAAA" },
  "node_modules/d": { version: "1.0.0" },
  "node_modules/tool": { version: "1.0.0", dev: true },
  "node_modules/elsewhere": { version: undefined, optional: true },
};

describe("a lock file", () => {
  let lockFile: LockFile;
  before(() => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-lock-"));
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages }));
    lockFile = readLockFile(folder);
    rmSync(folder, { recursive: true });
  });
  const at = (path: string) => lockFile.production.find((one) => one.path === path)!;
  const pathsOf = (list: readonly { readonly path: string }[]): string[] => list.map(({ path }) => path);

  it("tells the package it is of from those it installs, and leaves development out", () => {
    expect(lockFile.own).to.include({ path: "", name: "own", version: "1.0.0", license: "MIT" });
    expect(pathsOf(lockFile.production)).to.deep.equal([
      "node_modules/@s/b",
      "node_modules/a",
      "node_modules/a/node_modules/c",
      "node_modules/c",
      "node_modules/d",
    ]);
  });
  it("names a package by where it lies", () =>
    expect(lockFile.production.map(({ name }) => name)).to.deep.equal(["@s/b", "a", "c", "c", "d"]));
  it("keeps hash and licence", () =>
    expect(at("node_modules/c")).to.include({ integrity: "sha512-AAAA", license: "ISC" }));

  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["beside the package first", "node_modules/a", ["node_modules/a/node_modules/c"]],
    ["then further up", "node_modules/a/node_modules/c", ["node_modules/d", "node_modules/a"]],
    ["as a peer", "node_modules/@s/b", ["node_modules/a"]],
  ];
  for (const [what, path, found] of cases)
    it(`finds what is asked for ${what}`, () =>
      expect(pathsOf(dependenciesOf(at(path), lockFile))).to.deep.equal(found));

  it("finds all that is asked for, down to the last, though it goes in circles", () =>
    expect(pathsOf(withDependencies([at("node_modules/@s/b")], lockFile))).to.deep.equal([
      "node_modules/@s/b",
      "node_modules/a",
      "node_modules/a/node_modules/c",
      "node_modules/d",
    ]));
});
