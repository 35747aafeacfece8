import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createJWKSFileSource } from "../../../src/server/webhooks/jwks-file-source.ts";
import { clusterKey, jwksOf } from "../../authentication/minting.ts";
import { rejectionOf } from "../../rejection.ts";

describe("createJWKSFileSource", () => {
  let directory: string;
  let file: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "countersign-"));
    file = join(directory, "keys.json");
  });
  after(() => rmSync(directory, { recursive: true }));
  const fetch = () =>
    createJWKSFileSource({ issuer: "https://issuer", file }).fetchKeys({
      signal: new AbortController().signal,
    });

  it("gives the file's keys under the configured issuer", async () => {
    writeFileSync(file, JSON.stringify(jwksOf(clusterKey)));
    expect(await fetch()).to.deep.equal({
      issuer: "https://issuer",
      jwks: JSON.parse(JSON.stringify(jwksOf(clusterKey))),
    });
  });

  it("names the file where it cannot be read, is no JSON, or is far too long", async () => {
    writeFileSync(file, "{");
    expect((await rejectionOf(fetch())).message).to.equal(`${file}: is not JSON`);
    writeFileSync(file, " ".repeat(1024 * 1024 + 1));
    expect((await rejectionOf(fetch())).message).to.contain("longer than");
    rmSync(file);
    const error = await rejectionOf(fetch());
    expect(error.code).to.equal("ERR_ISSUER_UNAVAILABLE");
    expect(error.message).to.contain(file);
  });
});
