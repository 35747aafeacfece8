import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { createPrivateTokenFiles } from "../../src/credentials/private-token-files.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";

const token = { token: new Secret("held"), requestedAt: 1_000, expiresAt: 601_000 };

describe("createPrivateTokenFiles", () => {
  let parent: string;
  let folder: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "countersign-"));
    folder = join(parent, "tokens");
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const files = () => createPrivateTokenFiles({ folder });
  const fileOf = () => join(folder, readdirSync(folder)[0]!);
  const refusal = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      expect(error).to.be.instanceOf(CountersignError).with.property("code", "ERR_CONFIGURATION");
      return (error as Error).message;
    }
    return expect.fail("nothing was refused");
  };

  it("keeps a token for the next process", () => {
    files().write("key", token);
    const read = files().read("key");
    expect(read?.token.reveal()).to.equal("held");
    expect(read).to.include({ requestedAt: 1_000, expiresAt: 601_000 });
  });

  it("makes the folder 0700 and the file 0600, whatever the umask", () => {
    const before = process.umask(0);
    try {
      files().write("key", token);
    } finally {
      process.umask(before);
    }
    expect(statSync(folder).mode & 0o777).to.equal(0o700);
    expect(statSync(fileOf()).mode & 0o777).to.equal(0o600);
  });

  it("knows nothing before the first write, and makes nothing by reading", () => {
    expect(files().read("key")).to.equal(undefined);
    expect(existsSync(folder)).to.equal(false);
  });

  it("replaces a token, and leaves no temporary file", () => {
    files().write("key", token);
    files().write("key", { ...token, token: new Secret("newer") });
    expect(files().read("key")?.token.reveal()).to.equal("newer");
    expect(readdirSync(folder)).to.have.length(1);
  });

  it("gives a token only to the key it was kept under, even if the file is another key's", () => {
    files().write("one", token);
    files().write("other", { ...token, token: new Secret("others") });
    const [first, second] = readdirSync(folder).map((name) => join(folder, name));
    renameSync(first!, second!);
    const found = [files().read("one"), files().read("other")].filter((read) => read !== undefined);
    expect(found.length).to.be.lessThan(2);
    expect(files().read("one")?.token.reveal()).to.be.oneOf([undefined, "held"]);
    expect(files().read("other")?.token.reveal()).to.be.oneOf([undefined, "others"]);
  });

  it("gives back what was kept under any key", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (key, text) => {
        files().write(key, { ...token, token: new Secret(text) });
        return files().read(key)?.token.reveal() === text;
      }),
      { numRuns: 30 },
    );
  });

  it("takes damaged content for no token", () => {
    files().write("key", token);
    const good = readFileSync(fileOf(), "utf8");
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      good.slice(0, -2),
      good.replace("601000", '"x"'),
      good.replace("held", ""),
    ]) {
      writeFileSync(fileOf(), text);
      expect(files().read("key"), text).to.equal(undefined);
    }
  });

  for (const mode of [0o750, 0o701, 0o777])
    it(`does not touch a folder of mode ${mode.toString(8)}`, () => {
      mkdirSync(folder);
      chmodSync(folder, mode);
      expect(refusal(() => files().read("key"))).to.include(`${folder} has mode 0${mode.toString(8)}`);
      expect(refusal(() => files().write("key", token))).to.include("has mode");
      expect(readdirSync(folder)).to.deep.equal([]);
    });

  it("does not go through a symbolic link in the folder's place", () => {
    const elsewhere = join(parent, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, folder);
    expect(refusal(() => files().write("key", token))).to.include("is not a directory itself");
    expect(readdirSync(elsewhere)).to.deep.equal([]);
  });

  it("does not read a file that others may read", () => {
    files().write("key", token);
    chmodSync(fileOf(), 0o640);
    expect(refusal(() => files().read("key"))).to.include("has mode 0640");
  });

  it("does not read through a symbolic link in the file's place", () => {
    files().write("key", token);
    const elsewhere = join(parent, "planted");
    renameSync(fileOf(), elsewhere);
    files().write("key", token);
    const file = fileOf();
    rmSync(file);
    symlinkSync(elsewhere, file);
    expect(refusal(() => files().read("key"))).to.include("is a symbolic link");
  });

  it("does not write through what somebody put in the temporary file's place", () => {
    files().write("key", token);
    const victim = join(parent, "victim");
    writeFileSync(victim, "theirs");
    symlinkSync(victim, `${fileOf()}.${process.pid}`);
    expect(refusal(() => files().write("key", token))).to.include("cannot be written (EEXIST)");
    expect(readFileSync(victim, "utf8")).to.equal("theirs");
    files().write("key", { ...token, token: new Secret("newer") });
    expect(files().read("key")?.token.reveal()).to.equal("newer");
  });

  it("has no token in its messages", () => {
    files().write("key", token);
    chmodSync(fileOf(), 0o644);
    expect(refusal(() => files().read("key"))).not.to.include("held");
  });
});
