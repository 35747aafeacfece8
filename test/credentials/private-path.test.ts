import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { folderFault, privacyFault } from "../../src/credentials/private-path.ts";

describe("privacyFault", () => {
  const uid = process.geteuid!();
  it("finds none in what is this user's alone", () => {
    for (const mode of [0o100600, 0o040700, 0o140400])
      expect(privacyFault({ uid, mode })).to.equal(undefined);
  });

  it("names each bit that group or others have", () => {
    for (const bit of [0o40, 0o20, 0o10, 0o4, 0o2, 0o1])
      expect(privacyFault({ uid, mode: 0o100600 | bit })).to.equal(
        `has mode 06${bit.toString(8).padStart(2, "0")}`,
      );
  });

  it("names another owner", () => {
    expect(privacyFault({ uid: uid + 1, mode: 0o600 })).to.equal(`belongs to uid ${uid + 1}`);
  });
});

describe("folderFault", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-private-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("finds none in a private folder, and says what is not one", () => {
    expect(folderFault(folder)).to.equal(undefined);
    expect(folderFault(join(folder, "none"))).to.equal("missing");
    writeFileSync(join(folder, "file"), "", { mode: 0o600 });
    expect(folderFault(join(folder, "file"))).to.equal("is not a directory itself");
    symlinkSync(folder, join(folder, "link"));
    expect(folderFault(join(folder, "link"))).to.equal("is not a directory itself");
    chmodSync(folder, 0o711);
    expect(folderFault(folder)).to.equal("has mode 0711");
  });
});
