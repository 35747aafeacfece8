import { once } from "node:events";
import { Agent } from "node:https";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { expect } from "chai";
import { answerBy } from "../../../src/server/listener/drain.ts";
import { until } from "../../until.ts";
import {
  createServerFolder,
  policySource,
  type RunningServer,
  type ServerFolder,
  startServer,
} from "../webhooks/server-rig.ts";

const slowly = (ms: number, verdict = "true"): string =>
  policySource(
    `import("node:timers/promises").then(({ scheduler }) => scheduler.wait(${ms})).then(() => ${verdict})`,
  );

const request = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** A connection that has had one answer, and all that comes over it. */
async function askOnce(socket: TLSSocket): Promise<{ socket: TLSSocket; text: () => string }> {
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write(request);
  await until(() => text.endsWith("}"));
  return { socket, text: () => text };
}

describe("drain", () => {
  let folder: ServerFolder;
  let running: RunningServer | undefined;
  beforeEach(() => {
    folder = createServerFolder();
  });
  afterEach(async () => {
    await running?.server.close();
    running = undefined;
    folder.remove();
  });

  it("answers whoever is waiting on a kept connection, and tells it that this was the last answer", async () => {
    // longer than those may stay who say nothing
    folder.write("policy.ts", slowly(1_500));
    running = await startServer(folder, { drain: { delay: "0s", timeout: "5s" } });
    const waiting = running.post();
    await until(async () => /in_flight 1/.test((await running!.admin("/metrics")).text));
    const closed = running.server.close();
    const { body, connection } = await waiting;
    expect([body.response?.allowed, connection]).to.deep.equal([true, "close"]);
    await closed;
  });

  it("is not held by those who connect and say nothing, before their handshake or after", async () => {
    running = await startServer(folder, { drain: { delay: "0s", timeout: "1h" } });
    const silent = connect({ port: running.port, host: "127.0.0.1" });
    const secure = running.connect();
    const ended = Promise.all([silent, secure].map((socket) => once(socket.resume(), "close")));
    await Promise.all([once(silent, "connect"), once(secure, "secureConnect")]);
    await running.server.close();
    await ended;
    expect(running.log().filter(({ level }) => level === "warn")).to.deep.equal([]);
  });

  it("cuts what takes longer than its time-out, and says how many connections that were", async () => {
    folder.write("policy.ts", policySource("new Promise(() => {})"));
    running = await startServer(folder, { drain: { delay: "0s", timeout: "200ms" } });
    const lost = [running.post(), running.post()].map((post) => post.catch((error: unknown) => error));
    await until(async () => /in_flight 2/.test((await running!.admin("/metrics")).text));
    await running.server.close();
    for (const error of await Promise.all(lost)) expect(error).to.be.instanceOf(Error);
    expect(running.log().map(({ msg, connections }) => [msg, connections])).to.deep.include.members([
      ["draining", undefined],
      ["connections cut after drain.timeout", 2],
    ]);
  });

  it("serves an idle connection's next request, tells it that it was the last, and closes those that stay idle", async () => {
    running = await startServer(folder, { drain: { delay: "1s", timeout: "5s" } });
    const [used, idle] = await Promise.all([askOnce(running.connect()), askOnce(running.connect())]);
    for (const { text } of [used, idle]) expect(text()).to.not.match(/connection: close/i);
    const ended = Promise.all([used, idle].map(({ socket }) => once(socket, "close")));
    const closed = running.server.close();
    used.socket.write(request);
    await until(() => /connection: close/i.test(used.text()));
    await Promise.all([closed, ended]);
  });

  it("denies a review that comes while draining before its connection would be cut", async () => {
    folder.write("policy.ts", policySource("new Promise(() => {})"));
    running = await startServer(folder, { drain: { delay: "1s", timeout: "1s" } });
    const closed = running.server.close();
    const { body } = await running.post();
    expect(body.response?.status?.code).to.equal(504);
    await closed;
  });
});

describe("a call of a path that no route serves", () => {
  it("leaves its connection to others, with a body and without one", async () => {
    const folder = createServerFolder();
    const running = await startServer(folder);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const { socket, text } = await askOnce(running.connect());
      // longer than an answer that came early lingers
      await pause(1_200);
      socket.write(request);
      await until(() => text().split("404 Not Found").length === 3);
      socket.destroy();
      expect((await running.post({ path: "/nowhere", agent })).connection).to.not.equal("close");
    } finally {
      agent.destroy();
      await running.server.close();
      folder.remove();
    }
  });
});

describe("answerBy", () => {
  it("keeps half a second of the drain's time for answers on their way", () =>
    expect(answerBy(1000, { delayMs: 10_000, timeoutMs: 15_000 })).to.equal(25_500));
  it("keeps half of a time that is shorter", () =>
    expect(answerBy(1000, { delayMs: 0, timeoutMs: 100 })).to.equal(1050));
});
