import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodeAnswer } from "../../src/credentials/agent-protocol.ts";
import { askAgent } from "../../src/credentials/agent-socket-client.ts";
import { Secret } from "../../src/secret.ts";
import { rejectionOf } from "../rejection.ts";

const secret = "eyJ.the.token";
const answer = encodeAnswer({ token: { token: new Secret(secret), expiresAt: 2, askAgainAt: 1 } });

describe("askAgent", () => {
  let parent: string;
  let folder: string;
  let path: string;
  let server: Server;
  let serve: (socket: Socket, question: string) => void;
  const sockets = new Set<Socket>();
  let connections: number;
  beforeEach(async () => {
    parent = mkdtempSync(join(tmpdir(), "countersign-ask-"));
    folder = join(parent, "run");
    path = join(folder, "agent.sock");
    mkdirSync(folder, { mode: 0o700 });
    serve = (socket) => socket.end(answer);
    connections = 0;
    server = createServer((socket) => {
      connections += 1;
      sockets.add(socket);
      socket.on("error", () => undefined).once("data", (chunk) => serve(socket, chunk.toString()));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    chmodSync(path, 0o600);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await new Promise((resolve) => server.close(resolve));
    rmSync(parent, { recursive: true, force: true });
  });

  const ask = (timeoutMs = 30_000, at = path) =>
    askAgent(at, { server: "https://svc.ns.svc:443", certificateAuthority: "Q0E=" }, timeoutMs);
  const refusal = async (at = path): Promise<string> => {
    const error = await rejectionOf(ask(undefined, at));
    expect(error.code).to.equal("ERR_AGENT");
    expect(error.message).to.not.include(secret);
    return error.message;
  };

  it("asks about the endpoint and nothing else, and hands the answer on", async () => {
    let asked = "";
    serve = (socket, question) => {
      asked = question;
      socket.end(answer);
    };
    const { token } = await ask();
    expect(token?.token.reveal()).to.equal(secret);
    expect(JSON.parse(asked)).to.deep.equal({
      version: 1,
      server: "https://svc.ns.svc:443",
      certificateAuthority: "Q0E=",
    });
  });

  it("takes an answer that comes byte by byte", async () => {
    serve = async (socket) => {
      for (const byte of answer) {
        socket.write(byte);
        await new Promise(setImmediate);
      }
    };
    expect((await ask()).token?.token.reveal()).to.equal(secret);
  });

  describe("does not even connect", () => {
    afterEach(() => expect(connections).to.equal(0));

    it("where the socket is open to others", async () => {
      chmodSync(path, 0o660);
      expect(await refusal()).to.match(/agent\.sock has mode 0660: .*0600.*0700/);
    });

    it("where its folder is open to others", async () => {
      chmodSync(folder, 0o755);
      expect(await refusal()).to.match(/run has mode 0755/);
    });

    it("where its folder can be written by anybody", async () => {
      chmodSync(folder, 0o1777);
      expect(await refusal()).to.match(/run has mode 0777/);
    });

    it("where its folder is a symbolic link", async () => {
      renameSync(folder, join(parent, "real"));
      symlinkSync("real", folder);
      expect(await refusal()).to.include("run is not a directory itself");
      renameSync(join(parent, "real"), join(parent, "other"));
    });

    it("where the socket is a symbolic link to one", async () => {
      symlinkSync("agent.sock", join(folder, "link"));
      expect(await refusal(join(folder, "link"))).to.include("link is not a socket");
    });

    it("where there is a file, or nothing, in its place", async () => {
      writeFileSync(join(folder, "file"), "", { mode: 0o600 });
      expect(await refusal(join(folder, "file"))).to.include("file is not a socket");
      expect(await refusal(join(folder, "none"))).to.include("none is missing: is the agent running?");
      expect(await refusal(join(parent, "gone", "agent.sock"))).to.include("gone is missing");
    });

    for (const what of ["socket", "folder"])
      it(`where the ${what} is somebody else's`, async function () {
        if (process.geteuid?.() !== 0) return this.skip();
        execFileSync("chown", ["65534", what === "socket" ? path : folder]);
        expect(await refusal()).to.include("belongs to uid 65534");
      });
  });

  describe("gives no token", () => {
    for (const [what, text, problem] of [
      ["garbage", "\u0000\u0001 not json\n", /is not JSON/],
      ["an HTTP answer", "HTTP/1.1 400 Bad Request\r\n\r\n", /is not JSON/],
      ["half an answer", answer.slice(0, 40), /was closed before the answer was whole/],
      ["nothing", "", /was closed before the answer was whole/],
      ["a megabyte without an end", `{"version":1,"token":"${"x".repeat(2 ** 20)}`, /sent more than 131072/],
      ["a megabyte in one line", `{"version":1,"a":"${"x".repeat(2 ** 20)}"}\n`, /sent more than 131072/],
    ] as const)
      it(`where it is sent ${what}`, async () => {
        serve = (socket) => socket.end(text);
        expect(await refusal()).to.match(problem);
      });

    it("where the agent dies in the middle of its answer", async () => {
      serve = (socket) => socket.write(answer.slice(0, 40), () => socket.destroy());
      expect(await refusal()).to.match(/was closed before the answer was whole/);
    });

    it("where the agent was killed and left its socket", async () => {
      const listening = `require("net").createServer().listen(${JSON.stringify(join(folder, "dead"))}, () => {
        require("fs").chmodSync(${JSON.stringify(join(folder, "dead"))}, 0o600); process.kill(process.pid, "SIGKILL") })`;
      expect(() => execFileSync(process.execPath, ["-e", listening])).to.throw();
      expect(await refusal(join(folder, "dead"))).to.include("cannot be used (ECONNREFUSED)");
    });

    it("where the agent hangs: it leaves in time, the connection with it", async () => {
      const gone = new Promise((resolve) => {
        serve = (socket) => socket.on("close", resolve);
      });
      const error = await rejectionOf(ask(50));
      expect(error).to.include({ code: "ERR_TRANSPORT_TIMEOUT" });
      expect(error.message).to.match(/agent\.sock gave no answer within 0\.05 s/);
      await gone;
    });
  });
});
