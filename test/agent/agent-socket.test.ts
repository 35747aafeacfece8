import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type AgentSocket, createAgentSocket } from "../../src/agent/agent-socket.ts";
import { encodeQuestion } from "../../src/credentials/agent-protocol.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { until } from "../until.ts";

const question = encodeQuestion({ server: "https://svc.ns.svc:443" });

describe("createAgentSocket", () => {
  let folder: string;
  let path: string;
  let socket: AgentSocket;
  const faults: string[] = [];
  beforeEach(async () => {
    faults.length = 0;
    folder = mkdtempSync(join(tmpdir(), "countersign-socket-"));
    path = join(folder, "s");
    socket = createAgentSocket({
      answer: async ({ server }) => {
        if (server.includes("broken")) throw new Error("a secret");
        if (server.includes("slow")) await new Promise(() => undefined);
        return { token: { token: new Secret(`token-for-${server}`), expiresAt: 2, askAgainAt: 1 } };
      },
      onFault: (problem) => faults.push(problem),
    });
    await new Promise<void>((resolve) => socket.server.listen(path, resolve));
  });
  afterEach(() => {
    socket.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Everything that comes back until the connection ends. */
  const exchange = (write: (client: Socket) => unknown): Promise<string> =>
    new Promise((resolve) => {
      let text = "";
      const client = createConnection(path, () => write(client));
      client
        .on("data", (chunk) => (text += chunk))
        .on("error", () => undefined)
        .on("close", () => resolve(text));
    });

  it("answers one question in one line and closes", async () => {
    const text = await exchange((client) => client.write(question));
    expect(text).to.match(/^\{"version":1,"token":\{"token":"token-for-https:\/\/svc\.ns\.svc:443".*\}\n$/);
  });

  it("answers a question that comes byte by byte", async () => {
    const text = await exchange(async (client) => {
      for (const byte of question) {
        client.write(byte);
        await new Promise(setImmediate);
      }
    });
    expect(text).to.include("token-for-");
  });

  it("answers the first of several questions only", async () => {
    const text = await exchange((client) => client.write(question + question));
    expect(text.split("\n")).to.have.length(2);
  });

  for (const [what, line] of [
    ["another protocol", "GET / HTTP/1.1\r\n\r\n"],
    ["another version", '{"version":2,"server":"https://a"}\n'],
    ["no server", '{"version":1}\n'],
    ["a list", "[]\n"],
  ] as const)
    it(`says so where it is sent ${what}`, async () => {
      const text = await exchange((client) => client.write(line));
      expect(JSON.parse(text).failure.code).to.equal("ERR_AGENT");
      expect(faults).to.have.length(1);
    });

  it("tells nothing of a fault of ours", async () => {
    const text = await exchange((client) => client.write(encodeQuestion({ server: "https://broken" })));
    expect(JSON.parse(text).failure).to.deep.equal({ code: "ERR_INTERNAL", message: "the agent failed" });
  });

  it("hangs up on whoever sends more than a question", async () => {
    const text = await exchange((client) => client.write("x".repeat(257 * 1024)));
    expect(text).to.equal("");
    expect(faults).to.deep.equal(["sent more than 262144 bytes"]);
  });

  it("outlives one who asks and leaves before the answer", async () => {
    await exchange((client) => client.write(question, () => client.destroy()));
    await exchange((client) =>
      client.write(encodeQuestion({ server: "https://slow" }), () => client.destroy()),
    );
    expect(await exchange((client) => client.write(question))).to.include("token-for-");
  });

  it("hangs up on whoever says nothing", async function () {
    this.timeout(20_000);
    expect(await exchange(() => undefined)).to.equal("");
    expect(faults).to.deep.equal(["took too long"]);
  });

  it("closes what is open when it is closed", async () => {
    let connected = false;
    const ended = exchange(() => (connected = true));
    await until(() => connected);
    await until(
      () => new Promise((resolve) => socket.server.getConnections((_, count) => resolve(count === 1))),
    );
    socket.close();
    expect(await ended).to.equal("");
  });

  it("turns errors with a code into answers", async () => {
    const other = createAgentSocket({
      answer: async () => ({ failure: new CountersignError("ERR_WEBHOOK_AMBIGUOUS", "two") }),
      onFault: () => undefined,
    });
    path = join(folder, "t");
    await new Promise<void>((resolve) => other.server.listen(path, resolve));
    const text = await exchange((client) => client.write(question));
    other.close();
    expect(JSON.parse(text)).to.deep.equal({
      version: 1,
      failure: { code: "ERR_WEBHOOK_AMBIGUOUS", message: "two" },
    });
  });
});
