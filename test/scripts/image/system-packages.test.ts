import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { packageEntries, systemPackage } from "../../../scripts/image/system-packages.ts";

const values = ["libgcc-s1", "12.2.0-14", "amd64", "gcc-12", "12.2.0-14"];

describe("systemPackage", () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), "countersign-packages-"));
    for (const name of ["libgcc-s1", "gcc-12-base"]) {
      mkdirSync(join(root, "usr/share/doc", name), { recursive: true });
      writeFileSync(join(root, "usr/share/doc", name, "copyright"), `of ${name}`);
    }
  });
  after(() => rmSync(root, { recursive: true }));
  const copyright = (siblings: readonly string[] = []): string =>
    systemPackage(root, values, siblings).copyright.toString();

  it("brings the package's own copyright", () => expect(copyright(["gcc-12-base"])).to.equal("of libgcc-s1"));
  it("brings a sibling's where a slim system left its own out", () => {
    rmSync(join(root, "usr/share/doc/libgcc-s1"), { recursive: true });
    expect(copyright(["nothing", "gcc-12-base"])).to.equal("of gcc-12-base");
  });
  it("takes no package along whose terms are nowhere", () =>
    expect(() => copyright(["nothing"])).to.throw("libgcc-s1 cannot be taken along"));
});

describe("packageEntries", () => {
  const [name, version, architecture, source, sourceVersion] = values as [
    string,
    string,
    string,
    string,
    string,
  ];
  const one = { name, version, architecture, source, sourceVersion, copyright: Buffer.from("terms") };
  const entries = packageEntries([one], Buffer.from("ID=debian\n"));
  const text = (path: string): string | undefined =>
    entries.find((entry) => entry.path === path)?.content?.toString();

  it("say as dpkg does what a package is, and of which source", () =>
    expect(text("var/lib/dpkg/status.d/libgcc-s1")?.split("\n")).to.deep.equal([
      "Package: libgcc-s1",
      "Status: install ok installed",
      "Architecture: amd64",
      "Source: gcc-12 (12.2.0-14)",
      "Version: 12.2.0-14",
      "",
    ]));
  it("bring its terms, and the distribution's name", () => {
    expect(text("usr/share/doc/libgcc-s1/copyright")).to.equal("terms");
    expect(text("etc/os-release")).to.equal("ID=debian\n");
  });
  it("name no distribution where none is known", () =>
    expect(packageEntries([], undefined)).to.deep.equal([]));
});
