import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type RunningProcess, run, startProcess } from "../rig/child-process.ts";
import { poll } from "../rig/poll.ts";
import { type ControlPlaneRig, register, startControlPlaneRig } from "./control-plane-rig.ts";
import { execInfo } from "./exec-credential-rig.ts";

const executable = "src/commands/countersign.cts";

describe("countersign agent", function () {
  // processes that start on a busy machine
  this.timeout(60_000);
  let rig: ControlPlaneRig;
  let child: RunningProcess | undefined;
  before(async () => {
    rig = await startControlPlaneRig();
    const service = { namespace: "ns", name: "svc", path: "/validate" };
    await register(rig, "validating", "a", { name: "a.example.com", clientConfig: { service } });
  });
  after(() => rig.close());
  afterEach(async () => {
    await child?.stop();
  });

  const textOf = (fields: object): string =>
    JSON.stringify({
      apiVersion: "countersign.dev/v1alpha1",
      kind: "AgentConfiguration",
      serviceAccount: { namespace: "kube-system", name: "caller" },
      apiGroup: "apps",
      socket: "run/agent.sock",
      tokenFiles: [{ host: "svc.ns.svc:443", file: "tokens/svc" }],
      admin: { port: 0 },
      ...fields,
    });
  const start = async (fields: object, args: readonly string[] = []): Promise<RunningProcess> => {
    const file = await rig.write("agent.json", textOf(fields));
    child = startProcess({
      command: process.execPath,
      args: [executable, "agent", "--config", file, ...args],
    });
    return child;
  };
  const adminPort = (): Promise<number> =>
    poll("its port", () => {
      const [, port] = /^\{"adminPort":(\d+)\}$/m.exec(child!.output()) ?? [];
      return port === undefined ? undefined : Number(port);
    });
  const socket = (): string => join(rig.folder, "run/agent.sock");

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`serves the plugin, keeps a file, and ends with 0 on ${signal}, its socket removed`, async () => {
      const agent = await start({ cluster: { kubeconfigFile: "kubeconfig" } });
      const port = await adminPort();
      await poll("readiness", async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok || undefined);
      const file = await poll("a token", () => {
        const text = readFileSync(join(rig.folder, "tokens/svc"), "utf8");
        return text.startsWith("ey") ? text : undefined;
      });
      const plugin = await run(process.execPath, [executable, "exec-credential", "--socket", socket()], {
        env: { KUBERNETES_EXEC_INFO: execInfo() },
      });
      expect(JSON.parse(plugin.stdout).status.token).to.equal(file);
      agent.signal(signal);
      expect(await agent.exited()).to.equal(0);
      expect(existsSync(socket())).to.equal(false);
      expect(agent.output()).to.not.include(file.split(".")[1]);
    });

  it("replaces the socket of an agent that was killed, and leaves that of one that runs", async () => {
    const args = ["--kubeconfig", rig.kubeconfig];
    const first = await start({}, args);
    await adminPort();
    first.signal("SIGKILL");
    await first.exited();
    expect(existsSync(socket())).to.equal(true);
    const second = await start({}, args);
    await adminPort();
    const third = await start({}, args);
    try {
      expect(await third.exited()).to.equal(2);
      expect(third.output()).to.match(
        /ERR_CONFIGURATION: socket: .* is the socket of an agent that is running/,
      );
    } finally {
      await second.stop();
    }
  });

  it("takes what its file says into use at SIGHUP and when it changes, and keeps the last good one", async () => {
    const args = ["--kubeconfig", rig.kubeconfig];
    const agent = await start({}, args);
    const port = await adminPort();
    const admin = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    const reloads = (outcome: string): number =>
      agent
        .output()
        .split(`"what":"configuration"`)
        .filter((line) => line.includes(`"outcome":"${outcome}"`)).length;
    const another = async (outcome: string, act: () => unknown): Promise<void> => {
      const before = reloads(outcome);
      await act();
      await poll(outcome, () => reloads(outcome) > before || undefined);
    };
    await another("reloaded", () => agent.signal("SIGHUP"));
    await another("failed", () => rig.write("agent.json", "{}"));
    expect(await admin("/metrics")).to.match(
      /countersign_last_reload_failed\{what="configuration",[^}]*\} 1/,
    );
    await poll("readiness", async () => (await admin("/readyz")) === "ok" || undefined);
    const files = { tokenFiles: [{ host: "svc.ns.svc:443", file: "tokens/other" }] };
    await another("reloaded", () => rig.write("agent.json", textOf(files)));
    await poll(
      "a token",
      () => readFileSync(join(rig.folder, "tokens/other"), "utf8").startsWith("ey") || undefined,
    );
    agent.signal("SIGTERM");
    expect(await agent.exited()).to.equal(0);
  });

  it("prints every fault of its configuration and ends with 2", async () => {
    const agent = await start({ apiGroup: undefined, sokcet: "x" });
    expect(await agent.exited()).to.equal(2);
    expect(agent.output()).to.match(/ERR_CONFIGURATION: 2 faults[\s\S]*sokcet[\s\S]*/);
  });

  it("names a kubeconfig that is none", async () => {
    const agent = await start({}, ["--kubeconfig", join(rig.folder, "none")]);
    expect(await agent.exited()).to.equal(2);
    expect(agent.output()).to.include("ERR_KUBECONFIG");
  });
});
