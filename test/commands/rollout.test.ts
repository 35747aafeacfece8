import { expect } from "chai";
import { buildConnector, Pool } from "undici";
import { bodyOf, reviewOf } from "../admission/deployment-review.ts";
import { type RunningProcess, startProcess } from "../rig/child-process.ts";
import { poll } from "../rig/poll.ts";
import {
  authority,
  configurationText,
  createServerFolder,
  mintNow,
  policySource,
  type ServerFolder,
} from "../server/webhooks/server-rig.ts";

const workers = 8;

describe("under load", function () {
  // processes that start on a busy machine
  this.timeout(60_000);
  let folder: ServerFolder;
  let server: RunningProcess;
  beforeEach(() => {
    folder = createServerFolder();
    folder.write(
      "policy.ts",
      policySource(
        'import("node:timers/promises").then(({ scheduler }) => scheduler.wait(5)).then(() => true)',
      ),
    );
    const config = folder.write(
      "server.json",
      configurationText({ drain: { delay: "500ms", timeout: "10s" } }),
    );
    server = startProcess({
      command: process.execPath,
      args: ["src/commands/countersign.cts", "serve", "--config", config],
    });
  });
  afterEach(async () => {
    await server.stop();
    folder.remove();
  });

  const portOf = (): Promise<number> =>
    poll("its port", () => {
      const [, found] = /^\{"port":(\d+)/m.exec(server.output()) ?? [];
      return found === undefined ? undefined : Number(found);
    });
  const reloads = (): number => server.output().split('"what":"configuration"').length - 1;

  it("a reload closes no connection and answers every request, a certificate exchanged with it", async () => {
    const loads = await startLoads(await portOf());
    for (let round = 1; round <= 5; round++) {
      const pair = folder.writePair(`round-${round}`);
      expect(pair).to.include("CERTIFICATE");
      folder.write("server.json", configurationText({ drain: { delay: "500ms" }, leeway: `${round}m` }));
      await poll("the reload", () => reloads() >= round || undefined);
    }
    const before = loads.map(({ answered }) => answered);
    await poll(
      "more load",
      () => loads.every(({ answered }, index) => answered > before[index]! + 5) || undefined,
    );
    for (const { lost, connections, told } of loads)
      expect({ lost, connections, told }).to.deep.equal({ lost: [], connections: 1, told: 0 });
    expect(server.output()).to.not.match(/"what":"configuration"[^\n]*"outcome":"failed"/);
    server.signal("SIGTERM");
    await Promise.all(loads.map(({ ended }) => ended));
  });

  it("a rollout loses no request of clients that keep their connections and never pause", async () => {
    const loads = await startLoads(await portOf());
    server.signal("SIGTERM");
    const before = loads.map(({ answered }) => answered);
    await Promise.all(loads.map(({ ended }) => ended));
    expect(loads.flatMap(({ lost }) => lost)).to.deep.equal([]);
    for (const [index, { answered, told }] of loads.entries()) {
      expect(answered, "it served on while draining").to.be.greaterThan(before[index]! + 2);
      expect(told, "connections were told to close").to.be.greaterThan(0);
    }
    expect(await server.exited()).to.equal(0);
  });
});

async function startLoads(port: number): Promise<readonly Load[]> {
  const loads = Array.from({ length: workers }, () => sendUntilRefused(port));
  await poll("some load", () => loads.every(({ answered }) => answered > 20) || undefined);
  return loads;
}

interface Load {
  answered: number;
  connections: number;
  /** Answers that said `Connection: close`. */
  told: number;
  /** What became of requests that had a connection and no good answer. */
  readonly lost: unknown[];
  readonly ended: Promise<void>;
}

/** One request after the other on a kept connection, until no connection can be had any more. */
function sendUntilRefused(port: number): Load {
  const load = { answered: 0, connections: 0, told: 0, lost: [] as unknown[] };
  const unconnected = new Set<unknown>();
  const connect = buildConnector({ ca: authority.certificatePem, servername: "localhost" });
  const pool = new Pool(`https://127.0.0.1:${port}`, {
    connections: 1,
    connect: (options, callback) =>
      connect(options, (...[error, socket]) => {
        if (error === null) load.connections++;
        else unconnected.add(error);
        callback(...([error, socket] as Parameters<typeof callback>));
      }),
  });
  const body = bodyOf(reviewOf());
  const headers = { authorization: `Bearer ${mintNow()}`, "content-type": "application/json" };
  const send = async (): Promise<void> => {
    for (;;) {
      try {
        const answer = await pool.request({ method: "POST", path: "/validate", body, headers });
        const { response } = (await answer.body.json()) as { response?: { allowed: boolean } };
        if (response?.allowed !== true) load.lost.push(response);
        load.answered++;
        if (answer.headers.connection === "close") load.told++;
      } catch (error) {
        if (!unconnected.has(error)) load.lost.push(error);
        return;
      }
    }
  };
  return Object.assign(load, { ended: send().finally(() => pool.destroy()) });
}
