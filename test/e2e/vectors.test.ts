import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { run } from "../rig/child-process.ts";
import { readJSON, vectorFiles } from "../vectors/files.ts";
import type { Expected, VectorFile } from "../vectors/vector.ts";
import { describeWith } from "./requirements.ts";

interface GoResult {
  readonly file: string;
  readonly name: string;
  readonly outcome: Expected;
}

await describeWith(["go"], "a Go program with go-oidc agrees with the vectors", () => {
  let results: readonly GoResult[];

  before(async function () {
    this.timeout(300_000);
    const folder = await mkdtemp(join(tmpdir(), "countersign-vectors-"));
    try {
      const program = join(folder, "vectors");
      const built = await run("go", ["build", "-o", program, "."], {
        cwd: resolve("test/vectors/go"),
        env: { ...process.env, CGO_ENABLED: "0" },
        timeoutMs: 240_000,
      });
      expect(built.code, built.stderr).to.equal(0);
      const { code, stdout, stderr } = await run(program, [resolve("test/vectors")]);
      expect(code, stderr).to.equal(0);
      results = JSON.parse(stdout) as readonly GoResult[];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  for (const name of Object.keys(vectorFiles))
    it(`of ${name}`, () => {
      const expected = (readJSON(name) as VectorFile).vectors.map((vector) => [vector.name, vector.expected]);
      const came = results.filter(({ file }) => file === name).map((one) => [one.name, one.outcome]);
      expect(came).to.deep.equal(expected);
    });
});
