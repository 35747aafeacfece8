import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { audience } from "./authentication/minting.ts";
import {
  createServerFolder,
  mintNow,
  policySource,
  type RunningServer,
  type ServerFolder,
  startServer,
} from "./server/webhooks/server-rig.ts";
import { until } from "./until.ts";

const chapter = readFileSync("docs/operation.md", "utf8").split("\n## Logs\n")[1]!.split("\n## ")[0]!;
const [messageTable = "", fieldTable = ""] = chapter.split("| field | of |");
/** The names in the first column of a table. */
const namesOf = (table: string): string[] =>
  [...table.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
  );

describe("the log's chapter of docs/operation.md", () => {
  let folder: ServerFolder;
  let running: RunningServer | undefined;
  beforeEach(() => {
    folder = createServerFolder();
  });
  afterEach(async () => {
    await running?.server.close();
    folder.remove();
  });

  it("names every message that the sources have, and no other", () => {
    const files = (readdirSync("src", { recursive: true }) as string[]).filter((file) =>
      file.endsWith(".ts"),
    );
    const sources = files.map((file) => readFileSync(join("src", file), "utf8")).join("\n");
    const written = new Set(
      [...sources.matchAll(/(?:write|warn|info)\(\s*"(?:debug|info|warn|error)",\s*"([^"]+)"/g)].map(
        ([, name = ""]) => name,
      ),
    );
    const documented = namesOf(messageTable).filter((name) => name !== "msg");
    expect([...written].filter((name) => !documented.includes(name))).to.deep.equal([]);
    expect(written.size).to.be.greaterThan(15);
    // made of a name and an outcome where they are written
    const composed = /^(?:(?:policy|watch|issuer keys) \w+|(?:readyz|livez|healthz) check failed)$/;
    const unknown = documented.filter((name) => !composed.test(name) && !sources.includes(`"${name}"`));
    expect(unknown).to.deep.equal([]);
  });

  it("has every message and every field of a server that does all there is to do", async () => {
    folder.write("deny.ts", policySource("false"));
    folder.write("throw.ts", policySource('(() => { throw new Error("broken"); })()'));
    const route = (path: string, file: string, mode: string) => ({
      path,
      audiences: [audience],
      authentication: { mode, webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] } },
      policy: { file },
      rules: [{ operations: ["CREATE"], apiGroups: ["*"], apiVersions: ["*"], resources: ["pods"] }],
    });
    running = await startServer(folder, {
      log: { level: "trace" },
      webhooks: [
        route("/validate", "policy.ts", "enforce"),
        route("/denied", "deny.ts", "enforce"),
        route("/broken", "throw.ts", "enforce"),
        route("/observed", "policy.ts", "observe"),
      ],
    });
    const headers = {
      "audit-id": "a",
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    };
    for (const path of ["/validate", "/denied", "/broken", "/observed"])
      for (const token of [mintNow(), "x"]) await running.post({ path, token, headers });
    folder.write("policy.ts", "export default {");
    await running.reload({ log: { level: "trace" }, listen: { host: "127.0.0.1", port: 1 } });
    await until(() => running!.log().some(({ msg }) => String(msg).startsWith("reload failed")));
    await running.admin("/readyz");
    await running.server.close();

    const lines = running.log().map(({ level: _, time: __, ...line }) => line);
    const messages = new Set(lines.map(({ msg }) => String(msg)));
    for (const message of [
      "allowed",
      "denied",
      "refused",
      "would have been refused",
      "policy failed",
      "draining",
    ])
      expect([...messages]).to.include(message);
    expect([...messages].filter((message) => !namesOf(messageTable).includes(message))).to.deep.equal([]);

    const documented = new Set([...chapter.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    const fields = new Set(
      lines.filter(({ msg }) => !String(msg).endsWith("check failed")).flatMap((line) => Object.keys(line)),
    );
    expect([...fields].filter((field) => !documented.has(field))).to.deep.equal([]);
    const requests = lines.filter(({ msg }) => ["allowed", "denied", "refused"].includes(String(msg)));
    for (const field of namesOf(fieldTable).filter((name) => !["sampled", "detail"].includes(name)))
      expect(
        lines.some((line) => field in line),
        field,
      ).to.equal(true);
    for (const line of requests) expect(line).to.have.property("requestId");
  });
});
