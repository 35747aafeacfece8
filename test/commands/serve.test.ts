import { expect } from "chai";
import { type RunningProcess, startProcess } from "../rig/child-process.ts";
import { poll } from "../rig/poll.ts";
import {
  configurationText,
  createServerFolder,
  policySource,
  type ServerFolder,
} from "../server/webhooks/server-rig.ts";
import { until } from "../until.ts";

const executable = "src/commands/countersign.cts";

describe("countersign serve", function () {
  // a process that starts on a busy machine
  this.timeout(60_000);
  let folder: ServerFolder;
  let child: RunningProcess | undefined;
  before(() => {
    folder = createServerFolder();
  });
  after(() => folder.remove());
  afterEach(async () => {
    await child?.stop();
  });

  const run = (
    changes: Readonly<Record<string, unknown>> = {},
    args: readonly string[] = [],
  ): RunningProcess => {
    const file = folder.write("server.json", configurationText(changes));
    child = startProcess({
      command: process.execPath,
      args: [executable, "serve", "--config", file, ...args],
    });
    return child;
  };
  const ports = (): Promise<{ port: number; adminPort: number }> =>
    poll("its ports", () => {
      const line = /^\{"port".*"adminPort":\d+\}$/m.exec(child!.output())?.[0];
      if (line === undefined || !child!.output().includes('"msg":"serving"')) return undefined;
      return JSON.parse(line) as { port: number; adminPort: number };
    });

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`prints its ports in one line, serves, and ends with 0 on ${signal}`, async () => {
      const server = run();
      const { adminPort } = await ports();
      await until(async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok);
      server.signal(signal);
      expect(await server.exited()).to.equal(0);
    });

  it("drains on the first signal and is gone at the second", async () => {
    const server = run({ drain: { delay: "1h" } });
    const { adminPort } = await ports();
    server.signal("SIGTERM");
    await until(async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status === 500);
    server.signal("SIGTERM");
    // by itself: nobody else's default action ends the first process of a container
    expect(await server.exited()).to.equal(128 + 15);
  });

  it("ends though a policy keeps something running", async () => {
    folder.write("policy.ts", `${policySource("true")}setInterval(() => undefined, 1000);\n`);
    const server = run();
    await ports();
    server.signal("SIGTERM");
    expect(await server.exited()).to.equal(0);
    folder.write("policy.ts", policySource("true"));
  });

  const reloads = (outcome: string): number =>
    child!
      .output()
      .split(`"what":"configuration"`)
      .slice(1)
      .filter((line) => line.includes(`"outcome":"${outcome}"`)).length;

  const another = async (outcome: string, act: () => unknown): Promise<void> => {
    const before = reloads(outcome);
    act();
    await until(() => reloads(outcome) > before);
  };

  it("takes what its file says into use at SIGHUP and when it changes, and keeps the last good one", async () => {
    const running = run();
    const { adminPort } = await ports();
    const write = (changes: object) => () => folder.write("server.json", configurationText({ ...changes }));
    await another("reloaded", () => running.signal("SIGHUP"));
    await another("reloaded", write({ leeway: "2m" }));
    await another("failed", write({ leeway: "soon" }));
    expect(running.output()).to.match(/server\.json:1:\d+: leeway: /);
    const admin = async (path: string) => (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
    expect(await admin("/readyz")).to.equal("ok");
    const failed = /countersign_last_reload_failed\{what="configuration",[^}]*\} (\d)/;
    expect(failed.exec(await admin("/metrics"))?.[1]).to.equal("1");
    await another("reloaded", write({}));
    expect(failed.exec(await admin("/metrics"))?.[1]).to.equal("0");
    running.signal("SIGTERM");
    expect(await running.exited()).to.equal(0);
  });

  it("prints every fault of its configuration and ends with 2", async () => {
    const server = run({ listen: { prt: 1 }, drain: { delay: "soon" } });
    expect(await server.exited()).to.equal(2);
    expect(server.output()).to.match(/ERR_CONFIGURATION: 2 faults[\s\S]*listen\.prt[\s\S]*drain\.delay/);
  });

  it("takes the cluster of --kubeconfig, and names a file that is none", async () => {
    const kubeconfig = folder.write("kubeconfig", "{}");
    const server = run({ issuers: [{ name: "cluster" }] }, ["--kubeconfig", kubeconfig]);
    expect(await server.exited()).to.be.oneOf([1, 2]);
    expect(server.output()).to.contain("ERR_KUBECONFIG");
  });
});
