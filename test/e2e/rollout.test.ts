import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { bodyOf, reviewOf } from "../admission/deployment-review.ts";
import { run } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { describeWith } from "./requirements.ts";
import { startServe } from "./serve-process.ts";

interface Load {
  readonly answered: number;
  readonly reused: number;
  readonly last: number;
  readonly lost: readonly string[];
}

const allow = `import { setTimeout } from "node:timers/promises";
import { definePolicy } from "countersign";
export default definePolicy({
  name: "allow",
  match: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
  validate: () => setTimeout(2).then(() => true),
});
`;

await describeWith(["go"], "a server that is told to go while a Go client calls it without a pause", () => {
  let folder: string;
  let client: string;
  before(async function () {
    this.timeout(300_000);
    folder = mkdtempSync(join(tmpdir(), "countersign-rollout-"));
    client = join(folder, "go-load");
    const built = await run("go", ["build", "-o", client, "."], {
      cwd: resolve("test/e2e/go-load"),
      env: { ...process.env, CGO_ENABLED: "0" },
      timeoutMs: 240_000,
    });
    expect(built.code, built.stderr).to.equal(0);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const workers of [1, 16])
    it(`answers every request of ${workers} at a time that had a connection`, async () => {
      const serve = await startServe({
        folder,
        port: await freePort(),
        names: [],
        issuers: [],
        webhooks: [{ path: "/validate", authentication: { mode: "off" }, policy: { file: "allow.ts" } }],
        policies: { "allow.ts": allow },
        fields: { drain: { delay: "1s", timeout: "10s" }, log: { level: "info" } },
      });
      try {
        const args = [`${serve.url}/validate`, serve.caFile, String(workers)];
        const loading = run(client, args, { input: bodyOf(reviewOf()).toString() });
        await poll(
          "some load",
          async () =>
            Number(/countersign_requests_total\{[^}]*\} (\d+)/.exec(await serve.metrics())?.[1]) > 100 ||
            undefined,
        );
        // so that connections are in every state there is
        await pause(200);
        serve.signal("SIGTERM");
        const { code, stdout, stderr } = await loading;
        expect(code, stderr).to.equal(0);
        const load = JSON.parse(stdout) as Load;
        expect(load.lost).to.deep.equal([]);
        expect(load.reused, "connections were kept before").to.be.greaterThan(50);
        expect(load.last, "and told to close while draining").to.be.greaterThan(workers);
        expect(await serve.exited()).to.equal(0);
      } finally {
        await serve.stop();
      }
    });
});
