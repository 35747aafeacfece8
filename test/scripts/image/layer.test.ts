import { hash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { completeEntries, fileEntry, folderEntry } from "../../../scripts/image/image-entry.ts";
import { createLayer } from "../../../scripts/image/layer.ts";
import { encodeTar } from "../../../scripts/image/tar.ts";

const entries = [fileEntry("b/c/d", "1"), fileEntry("a", "22"), folderEntry("tmp", 0o1777)];
const pathsOf = (list: readonly { readonly path: string }[]): string[] => list.map(({ path }) => path);

describe("completeEntries", () => {
  it("sorts, and puts every folder that leads to a file before it", () =>
    expect(pathsOf(completeEntries(entries))).to.deep.equal(["a", "b", "b/c", "b/c/d", "tmp"]));
  it("gives folders that nobody spoke of to all to read", () =>
    expect(completeEntries(entries)[1]).to.deep.equal({ path: "b", mode: 0o755 }));
  it("keeps the mode of one that somebody spoke of, wherever it stands", () => {
    const [folder] = completeEntries([fileEntry("tmp/x", ""), folderEntry("tmp", 0o1777)]);
    expect(folder).to.deep.equal({ path: "tmp", mode: 0o1777 });
  });
  it("keeps the first of two for one path", () =>
    expect(completeEntries([fileEntry("a", "first"), fileEntry("a", "second")])).to.deep.equal([
      fileEntry("a", "first"),
    ]));
});

describe("createLayer", () => {
  const layer = createLayer("test", entries);

  it("is a tar archive in gzip, known by the hash of what is inside", () => {
    const tar = gunzipSync(layer.blob);
    expect(tar.equals(encodeTar(completeEntries(entries)))).to.equal(true);
    expect(layer.diffID).to.equal(`sha256:${hash("sha256", tar)}`);
  });
  it("counts the bytes of its files", () => expect(layer.unpackedBytes).to.equal(3));
  it("is the same bytes in whatever order its files came", () =>
    expect(createLayer("again", entries.toReversed()).blob.equals(layer.blob)).to.equal(true));
  it("says nowhere when it was packed", () =>
    // gzip's header holds a time in its fifth to eighth byte (RFC 1952)
    expect(layer.blob.readUInt32LE(4)).to.equal(0));
});
