import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { createKubeletPool, type KubeletPool } from "../../src/transport/kubelet-pool.ts";
import { poll } from "../rig/poll.ts";

describe("a pool of connections", () => {
  let server: Server;
  let port: number;
  let accepted: Set<Socket>;
  let dials: number;
  let dialled: Socket[];
  let pool: KubeletPool;
  /** Answers that wait for a word. */
  let held: (() => void)[];

  beforeEach(async () => {
    accepted = new Set();
    held = [];
    dials = 0;
    dialled = [];
    server = createServer((request, response) => {
      if (request.url === "/held") held.push(() => response.end("ok"));
      else response.end("ok");
    });
    server.on("connection", (socket) => {
      accepted.add(socket);
      socket.once("close", () => accepted.delete(socket));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    ({ port } = server.address() as AddressInfo);
    pool = createKubeletPool(async () => {
      dials += 1;
      const socket = connect(port, "127.0.0.1");
      dialled.push(socket);
      await once(socket, "connect");
      return socket;
    });
  });
  afterEach(async () => {
    pool.close();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  function ask(path = "/", signal = new AbortController().signal): Promise<IncomingMessage> {
    return pool.request({ method: "GET", path, headers: ["Host", "kubelet"], signal });
  }
  const read = async (path?: string): Promise<string> => text(await ask(path));

  it("dials once for one after the other", async () => {
    for (let count = 0; count < 5; count++) expect(await read()).to.equal("ok");
    expect(dials).to.equal(1);
  });

  it("opens as many as are asked for at once, and keeps eight of them", async () => {
    const all = Promise.all(Array.from({ length: 20 }, () => read("/held")));
    await poll("twenty requests", () => held.length === 20 || undefined);
    for (const answer of held) answer();
    await all;
    expect(dials).to.equal(20);
    await poll("the others' end", () => accepted.size === 8 || undefined);
  });

  it("retires: what is idle goes at once, what is in use when it is over", async () => {
    await read();
    const inUse = ask("/held");
    await poll("the request", () => held.length === 1 || undefined);
    const idle = read();
    await idle;
    expect(accepted.size).to.equal(2);
    pool.retire();
    await poll("the idle one's end", () => accepted.size === 1 || undefined);
    held[0]?.();
    expect(await text(await inUse)).to.equal("ok");
    await poll("the last one's end", () => accepted.size === 0 || undefined);
  });

  it("closes: what is in use goes as well", async () => {
    const outcome = ask("/held").then(
      () => "answered",
      (error: NodeJS.ErrnoException) => error.code,
    );
    await poll("the request", () => held.length === 1 || undefined);
    pool.close();
    expect(await outcome).to.equal("ECONNRESET");
    await poll("its end", () => accepted.size === 0 || undefined);
  });

  for (const [what, unasked] of [
    ["an answer", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"],
    ["the beginning of one", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: "],
    ["an empty line", "\r\n"],
  ] as const)
    it(`closes an idle connection that ${what} comes over, which nobody asked for`, async () => {
      await read();
      const [ours] = dialled;
      const [theirs] = accepted;
      const before = ours!.bytesRead;
      theirs!.write(unasked);
      await poll("what comes", () => ours!.bytesRead > before || undefined);
      expect(await read()).to.equal("ok");
      expect(dials).to.equal(2);
      await poll("its end", () => accepted.size === 1 || undefined);
    });

  it("closes what nobody has used for a minute, before a kubelet does", async () => {
    // a Go server does not say either how long it waits
    server.keepAliveTimeout = 0;
    await read();
    const [idle] = dialled;
    expect(idle?.timeout).to.equal(60_000);
    // as when it is over
    idle?.emit("timeout");
    await poll("its end", () => accepted.size === 0 || undefined);
    expect(await read()).to.equal("ok");
    expect(dials).to.equal(2);
  });

  it("but not what is in use, however long it is silent", async () => {
    await read();
    const answer = read("/held");
    await poll("the request", () => held.length === 1 || undefined);
    dialled[0]?.emit("timeout");
    held[0]?.();
    expect(await answer).to.equal("ok");
    expect(dials).to.equal(1);
  });

  it("tells what the dial failed with", async () => {
    const failure = new Error("no way there");
    const broken = createKubeletPool(() => Promise.reject(failure));
    const { signal } = new AbortController();
    const outcome = broken.request({ method: "GET", path: "/", headers: [], signal });
    expect(await outcome.catch((error: unknown) => error)).to.equal(failure);
  });

  it("calls a dial off together with its request", async () => {
    const controller = new AbortController();
    let dialled: AbortSignal | undefined;
    const slow = createKubeletPool(
      (signal) =>
        new Promise((_, reject) => {
          dialled = signal;
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    );
    const reason = new Error("gone");
    const outcome = slow.request({ method: "GET", path: "/", headers: [], signal: controller.signal });
    controller.abort(reason);
    expect(await outcome.catch((error: unknown) => error)).to.equal(reason);
    expect(dialled?.aborted).to.equal(true);
  });

  it("uses no connection that has ended before it could be used", async () => {
    const ended = createKubeletPool(async () => {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.destroy();
      return socket;
    });
    const { signal } = new AbortController();
    const outcome = ended.request({ method: "GET", path: "/", headers: [], signal });
    const failure = await outcome.catch((error: NodeJS.ErrnoException) => error.code);
    expect(failure).to.equal("ECONNRESET");
  });

  it("writes no path that would end its own line", async () => {
    for (const path of ["/a b", "/a\r\nHost: x", "/a\n", "/ä\u0100"]) {
      const outcome = await ask(path).catch((error: NodeJS.ErrnoException) => error.code);
      expect(outcome, JSON.stringify(path)).to.equal("ERR_UNESCAPED_CHARACTERS");
    }
    expect(dials).to.equal(0);
  });
});
