import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { readElf } from "../../../scripts/image/elf.ts";
import { sharedLibrariesOf } from "../../../scripts/image/shared-libraries.ts";

const program = readFileSync(process.execPath);

describe("what a program is linked with", () => {
  before(function () {
    if (process.platform !== "linux") this.skip();
  });

  it("is what ldd finds, down to the last library, and the loader once", () => {
    const lines = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
    const paths = [...lines.matchAll(/(?:=> )?(\/\S+) \(/g)].map(([, path]) => path!.slice(1));
    const found = sharedLibrariesOf(program, "/");
    expect(found.map(({ path }) => path)).to.have.members(paths);
    expect(found.filter(({ isLoader }) => isLoader).map(({ path }) => `/${path}`)).to.deep.equal([
      readElf(program).interpreter,
    ]);
  });

  it("is the files themselves, where their names are links", () => {
    for (const { path, content } of sharedLibrariesOf(program, "/"))
      expect(content.subarray(0, 4).toString("latin1"), path).to.equal("\x7fELF");
  });

  it("is told to be missing where it is", () =>
    expect(() => sharedLibrariesOf(program, "/nowhere")).to.throw(/ENOENT|is in none of/));

  it("is for this machine's architecture", () =>
    expect(readElf(program).machine).to.equal(process.arch === "arm64" ? "aarch64" : "x86_64"));
});

describe("readElf", () => {
  const header = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.write("\x7fELF\x02\x01", "latin1");
    bytes.writeUInt16LE(0xb7, 18);
    change(bytes);
    return bytes;
  };
  it("reads a library that needs nothing", () =>
    expect(readElf(header(() => undefined))).to.deep.equal({
      machine: "aarch64",
      interpreter: undefined,
      needed: [],
    }));

  const refused: readonly (readonly [string, Buffer])[] = [
    ["a text", Buffer.from("#!/bin/sh\n".repeat(10))],
    ["nothing", Buffer.alloc(0)],
    ["32 bits", header((bytes) => bytes.writeUInt8(1, 4))],
    ["big-endian", header((bytes) => bytes.writeUInt8(2, 5))],
    ["another architecture", header((bytes) => bytes.writeUInt16LE(0xf3, 18))],
  ];
  for (const [what, bytes] of refused)
    it(`refuses ${what}`, () => expect(() => readElf(bytes)).to.throw("not a program or library"));
});
