import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { fileEntry, folderEntry, type ImageEntry } from "../../../scripts/image/image-entry.ts";
import { encodeTar } from "../../../scripts/image/tar.ts";

/** What the system's own tar says of an archive, a line an entry: mode, owner, size, date, time, name. */
function listed(entries: readonly ImageEntry[]): string[] {
  const output = execFileSync("tar", ["--numeric-owner", "--utc", "-tvf", "-"], {
    input: encodeTar(entries),
    encoding: "utf8",
  });
  return output.trimEnd().split("\n");
}

describe("encodeTar", () => {
  it("is read by tar: modes, root as owner, the epoch as time, in the order given", () => {
    const entries = [
      folderEntry("b"),
      fileEntry("b/plain", "text"),
      fileEntry("b/program", "binary", true),
      folderEntry("a", 0o1777),
    ];
    expect(listed(entries).map((line) => line.replaceAll(/ +/g, " "))).to.deep.equal([
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 b/",
      "-rw-r--r-- 0/0 4 1970-01-01 00:00 b/plain",
      "-rwxr-xr-x 0/0 6 1970-01-01 00:00 b/program",
      "drwxrwxrwt 0/0 0 1970-01-01 00:00 a/",
    ]);
  });

  it("keeps every byte, whatever a file's length is", () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-tar-"));
    try {
      const lengths = [0, 1, 511, 512, 513, 1024, 100_000];
      const contents = lengths.map((length) => Buffer.alloc(length, length % 251));
      const input = encodeTar(contents.map((content, index) => fileEntry(`f${index}`, content)));
      execFileSync("tar", ["-xf", "-", "-C", folder], { input });
      for (const [index, content] of contents.entries())
        expect(readFileSync(join(folder, `f${index}`)).equals(content), `${lengths[index]} bytes`).to.equal(
          true,
        );
      expect(statSync(join(folder, "f0")).mtimeMs).to.equal(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("holds paths that need both of the format's fields, and refuses one that fits in neither", () => {
    const long = `${"folder/".repeat(20)}${"n".repeat(100)}`;
    expect(listed([fileEntry(long, "")])[0]).to.include(long);
    const folder = `${"folder/".repeat(20)}${"n".repeat(99)}`;
    expect(listed([folderEntry(folder)])[0]).to.include(`${folder}/`);
    expect(() => encodeTar([fileEntry("n".repeat(101), "")])).to.throw("too long for a tar archive");
    expect(() => encodeTar([fileEntry(`${"f".repeat(156)}/n`, "")])).to.throw("too long");
  });

  it("counts a path in bytes", () => {
    const name = `${"ä".repeat(50)}`;
    expect(encodeTar([fileEntry(name, "")]).toString("utf8", 0, 100)).to.equal(name);
    expect(() => encodeTar([fileEntry(`${name}a`, "")])).to.throw("too long");
  });
});
