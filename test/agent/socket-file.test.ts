import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createConnection, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { listenOnSocketFile } from "../../src/agent/socket-file.ts";
import { rejectionOf } from "../rejection.ts";

describe("listenOnSocketFile", () => {
  let folder: string;
  let path: string;
  const servers: Server[] = [];
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "countersign-socket-")), "run");
    path = join(folder, "agent.sock");
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    rmSync(join(folder, ".."), { recursive: true, force: true });
  });

  const open = (at = path) => {
    const server = createServer((socket) => socket.on("error", () => undefined).end("here"));
    servers.push(server);
    return listenOnSocketFile(server, at);
  };
  const refusal = async (at = path): Promise<string> => {
    const error = await rejectionOf(open(at));
    expect(error.code).to.equal("ERR_CONFIGURATION");
    return error.message;
  };
  const answers = (): Promise<string> =>
    new Promise((resolve, reject) => {
      createConnection(path)
        .on("data", (data) => resolve(data.toString()))
        .on("error", reject);
    });
  const modeOf = (file: string): number => lstatSync(file).mode & 0o777;
  /** A socket whose server was killed. */
  const leaveStale = async (): Promise<void> => {
    mkdirSync(folder, { mode: 0o700 });
    const listening = `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
    const child = spawn(process.execPath, ["-e", listening]);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
  };

  it("makes a socket 0600 in a folder 0700, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      await open();
    } finally {
      process.umask(before);
    }
    expect([modeOf(path), modeOf(folder)]).to.deep.equal([0o600, 0o700]);
    expect(await answers()).to.equal("here");
  });

  it("replaces the socket that a dead server left", async () => {
    await leaveStale();
    expect(lstatSync(path).isSocket()).to.equal(true);
    await open();
    expect(await answers()).to.equal("here");
  });

  it("leaves a living server's socket alone", async () => {
    await open();
    expect(await refusal()).to.include("is the socket of an agent that is running");
    expect(await answers()).to.equal("here");
  });

  it("leaves alone what is no socket", async () => {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(path, "precious");
    expect(await refusal()).to.include("is there already and is not a socket");
  });

  it("makes a folder its own that the kubelet has just made", async () => {
    mkdirSync(folder, { mode: 0o755 });
    chmodSync(folder, 0o755);
    await open();
    expect(modeOf(folder)).to.equal(0o700);
  });

  it("refuses a folder that has other users", async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "theirs"), "");
    expect(await refusal()).to.include("has mode 0755: give the socket a folder of mode 0700");
    expect(modeOf(folder)).to.equal(0o755);
  });

  it("refuses a folder that anybody may write, an empty one too", async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    expect(await refusal()).to.include("has mode 0777");
  });

  it("refuses a folder that is a symbolic link", async () => {
    mkdirSync(`${folder}.real`, { mode: 0o700 });
    symlinkSync(`${folder}.real`, folder);
    expect(await refusal()).to.include("is not a directory itself");
  });

  it("refuses a folder of somebody else's", async function () {
    if (process.geteuid?.() !== 0) return this.skip();
    mkdirSync(folder, { mode: 0o700 });
    await promisify(execFile)("chown", ["65534", folder]);
    expect(await refusal()).to.include("belongs to uid 65534");
  });

  it("refuses a path that is longer than a socket's may be, where the system would cut it off", async () => {
    expect(await refusal(join(folder, "a".repeat(108)))).to.include("longer than the 107 bytes");
  });

  it("knows whether the path still leads to it, and removes only what does", async () => {
    const file = await open();
    expect(file.intact).to.equal(true);
    unlinkSync(path);
    expect(file.intact).to.equal(false);
    const next = await open();
    file.remove();
    expect(await answers()).to.equal("here");
    next.remove();
    expect(existsSync(path)).to.equal(false);
  });
});
