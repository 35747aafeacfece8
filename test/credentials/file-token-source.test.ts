import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createCachedTokenSource } from "../../src/credentials/cached-token-source.ts";
import { createFileTokenSource } from "../../src/credentials/file-token-source.ts";
import { Secret } from "../../src/secret.ts";
import { rejectionOf } from "../rejection.ts";
import { jwtOf } from "./token-request-rig.ts";

const start = Date.UTC(2026, 0, 1);

describe("file token source", () => {
  let folder: string;
  let file: string;
  const clock = { at: start, now: () => clock.at, random: () => 0 };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-token-"));
  });
  beforeEach(async () => {
    file = join(folder, "token");
    clock.at = start;
    await writeFile(file, "first\n");
  });
  after(() => rm(folder, { recursive: true }));

  it("gives the file's content, trimmed, for a minute", async () => {
    const token = await createFileTokenSource({ file, clock }).token();
    expect(token.token.reveal()).to.equal("first");
    expect(token).to.include({ requestedAt: start, expiresAt: start + 60_000 });
  });

  it("gives a JWT no longer than it lives", async () => {
    await writeFile(file, jwtOf({ exp: start / 1000 + 10 }));
    expect((await createFileTokenSource({ file, clock }).token()).expiresAt).to.equal(start + 10_000);
  });

  it("is read anew, behind a cached source, before the minute is over", async () => {
    const cached = createCachedTokenSource({ source: createFileTokenSource({ file, clock }), clock });
    const take = async (): Promise<string> => (await cached.token()).token.reveal();
    expect(await take()).to.equal("first");
    // as the kubelet and every careful writer do
    await writeFile(`${file}.new`, "second");
    await rename(`${file}.new`, file);
    clock.at = start + 47_999;
    expect(await take()).to.equal("first");
    clock.at = start + 60_000;
    expect(await take()).to.equal("second");
  });

  it("goes on with its last good content when the file is gone or empty, and says so", async () => {
    const errors: unknown[] = [];
    const source = createFileTokenSource({ file, clock, onReadError: (error) => errors.push(error) });
    await source.token();
    await writeFile(file, " \n");
    expect((await source.token()).token.reveal()).to.equal("first");
    await rm(file);
    expect((await source.token()).token.reveal()).to.equal("first");
    expect(errors.map((error) => (error as Error).message.replace(file, "FILE"))).to.deep.equal([
      "token file FILE is empty",
      "token file FILE cannot be read (ENOENT)",
    ]);
  });

  it("starts with what it was given where the file has never been readable", async () => {
    const missing = { file: join(folder, "missing"), clock };
    const source = createFileTokenSource({ ...missing, initial: new Secret("inline") });
    expect((await source.token()).token.reveal()).to.equal("inline");
    expect(await rejectionOf(createFileTokenSource(missing).token())).to.include({ code: "ERR_KUBECONFIG" });
  });
});
