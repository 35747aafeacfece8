import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { run } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { describeWith } from "./requirements.ts";
import { type ServeProcess, startServe } from "./serve-process.ts";

await describeWith(["go"], "refusals arrive at a Go client that is still sending", () => {
  let folder: string;
  let serve: ServeProcess;
  let client: string;

  before(async function () {
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), "countersign-go-client-"));
    client = join(folder, "go-client");
    const built = await run("go", ["build", "-o", client, "."], {
      cwd: resolve("test/e2e/go-client"),
      env: { ...process.env, CGO_ENABLED: "0" },
      timeoutMs: 240_000,
    });
    expect(built.code, built.stderr).to.equal(0);
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    writeFileSync(
      join(folder, "keys.json"),
      JSON.stringify({
        keys: [{ ...publicKey.export({ format: "jwk" }), kid: "a", alg: "RS256", use: "sig" }],
      }),
    );
    serve = await startServe({
      folder,
      port: await freePort(),
      names: [],
      issuers: [{ name: "file", url: "https://issuer.example.com", jwksFile: "keys.json" }],
      webhooks: [
        {
          path: "/validate",
          audiences: ["https://localhost/validate"],
          authentication: { mode: "enforce", webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] } },
          policy: { file: "allow.ts" },
        },
      ],
      policies: {
        "allow.ts": `import { definePolicy } from "countersign";
export default definePolicy({ name: "allow", match: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }], validate: () => true });
`,
      },
    });
  });
  after(async () => {
    await serve?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  // 6 MiB are within the body limit of 7, so all of it is read; 8 MiB are beyond it and within the 1 MiB that is dropped besides
  for (const mebibytes of [0, 6])
    it(`60 of 60 posts of ${mebibytes} MiB without a token are answered with a denial`, async () => {
      const { code, stdout, stderr } = await run(
        client,
        [`${serve.url}/validate`, serve.caFile, "60", String(mebibytes)],
        { timeoutMs: 110_000 },
      );
      expect(code, stderr).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.equal({ denied: 60, lost: [] });
    });

  it("60 of 60 posts beyond the body limit are answered with a denial", async () => {
    const { stdout, stderr } = await run(client, [`${serve.url}/validate`, serve.caFile, "60", "7"], {
      timeoutMs: 110_000,
    });
    expect(JSON.parse(stdout), stderr).to.deep.equal({ denied: 60, lost: [] });
  });
});
