import { readFileSync } from "node:fs";
import { expect } from "chai";
import { parse } from "yaml";
import { type Finished, type RunningProcess, run, startProcess } from "../rig/child-process.ts";
import { poll } from "../rig/poll.ts";
import {
  type Changes,
  call,
  type GatewayRig,
  open,
  readsLogs,
  startGatewayRig,
} from "../server/gateway/running-gateway.ts";
import { until } from "../until.ts";

const executable = "src/commands/countersign.cts";
const logPath = "/api/v1/namespaces/default/pods/web/log";

describe("countersign gateway", function () {
  // processes that start on a busy machine
  this.timeout(60_000);
  let rig: GatewayRig;
  let child: RunningProcess | undefined;
  before(async () => {
    rig = await startGatewayRig();
    await rig.kubelet.runPod({ name: "web", containers: { app: { log: "one\n" } } });
    await rig.grant("jane", readsLogs);
  });
  after(() => rig.close());
  afterEach(async () => {
    await child?.stop();
  });

  const write = (changes: Changes = {}): string =>
    rig.write("gateway.json", JSON.stringify(JSON.parse(rig.configuration(changes)), undefined, 1));
  const argsOf = (changes: Changes): string[] => [
    ...[executable, "gateway", "--config", write(changes), "--kubeconfig", rig.kubeconfig],
  ];
  const start = (changes: Changes = {}): RunningProcess => {
    child = startProcess({ command: process.execPath, args: argsOf(changes) });
    return child;
  };
  const ports = (): Promise<{ port: number; adminPort: number }> =>
    poll("its ports", () => {
      const line = /^\{"port".*"adminPort":\d+\}$/m.exec(child!.output())?.[0];
      return line === undefined ? undefined : (JSON.parse(line) as { port: number; adminPort: number });
    });
  const admin = async (adminPort: number, path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
  const ready = async (): Promise<{ port: number; adminPort: number }> => {
    const found = await ports();
    return poll("readiness", async () =>
      (await admin(found.adminPort, "/readyz")) === "ok" ? found : undefined,
    );
  };

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`prints its ports in one line, serves a log, and ends with 0 on ${signal}`, async () => {
      const gateway = start();
      const { port } = await ready();
      const answer = await call(rig, port, logPath, { as: rig.user("jane") });
      expect(answer).to.include({ status: 200, body: "one\n" });
      gateway.signal(signal);
      expect(await gateway.exited()).to.equal(0);
    });

  it("drains on the first signal: a log that is followed goes on until drain.timeout", async () => {
    const gateway = start({ drain: { delay: "0s", timeout: "500ms" } });
    const { port } = await ready();
    const followed = await open(rig, port, `${logPath}?follow=true`, { as: rig.user("jane") });
    followed.resume();
    gateway.signal("SIGTERM");
    expect(await gateway.exited()).to.equal(0);
    expect(gateway.output()).to.contain('"msg":"draining"').and.contain('"connections":1');
  });

  it("is gone at the second", async () => {
    const gateway = start({ drain: { delay: "1h" } });
    const { adminPort } = await ready();
    gateway.signal("SIGTERM");
    await until(async () => (await admin(adminPort, "/readyz")) !== "ok");
    gateway.signal("SIGTERM");
    expect(await gateway.exited()).to.equal(128 + 15);
  });

  it("takes what its file says into use at SIGHUP and when it changes, and keeps the last good one", async () => {
    const gateway = start();
    const { port, adminPort } = await ready();
    const as = rig.user("jane");
    const outcomes = (outcome: string): number =>
      gateway
        .output()
        .split(`"what":"configuration"`)
        .slice(1)
        .filter((line) => line.includes(`"outcome":"${outcome}"`)).length;
    gateway.signal("SIGHUP");
    await until(() => outcomes("reloaded") === 1);
    write({ authorization: { insecureBackend: "deny" } });
    await until(() => outcomes("reloaded") === 2);
    const insecure = `${logPath}?insecureSkipTLSVerifyBackend=true`;
    expect(await call(rig, port, insecure, { as })).to.include({ status: 403 });
    write({ kubelet: { ports: [] } });
    await until(() => outcomes("failed") === 1);
    expect(gateway.output()).to.match(/gateway\.json:\d+:\d+: kubelet\.ports: must not be empty/);
    expect(await call(rig, port, logPath, { as })).to.include({ status: 200 });
    expect(await admin(adminPort, "/metrics")).to.match(
      /countersign_last_reload_failed\{what="configuration",[^}]*\} 1/,
    );
  });

  it("refuses to start without a client certificate for kubelets, and says how to get one", async () => {
    const file = rig.write("without.json", rig.configuration().replace(/"clientCertificate":\{[^}]*\},/, ""));
    const args = [executable, "gateway", "--config", file, "--kubeconfig", rig.kubeconfig];
    const { code, stdout, stderr } = await run(process.execPath, args);
    expect([code, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.contain("kubelet.clientCertificate: is required: a client certificate is the only");
    expect(stderr).to.contain("kubernetes.io/kube-apiserver-client");
  });

  it("names a kubeconfig that is none", async () => {
    const args = [executable, "gateway", "--config", write(), "--kubeconfig", rig.write("empty", "{}")];
    const { code, stderr } = await run(process.execPath, args);
    expect(code).to.be.oneOf([1, 2]);
    expect(stderr).to.contain("ERR_KUBECONFIG");
  });

  it("asks the API server of --context, and names a context that there is not", async () => {
    const { contexts, ...kubeconfig } = parse(readFileSync(rig.kubeconfig, "utf8"));
    const [{ context }] = contexts;
    const elsewhere = { ...kubeconfig, contexts: [{ name: "here", context }], "current-context": "nowhere" };
    const file = rig.write("contexts", JSON.stringify(elsewhere));
    const args = [executable, "gateway", "--config", write(), "--kubeconfig", file];
    child = startProcess({ command: process.execPath, args: [...args, "--context", "here"] });
    const { port } = await ready();
    expect(await call(rig, port, logPath, { as: rig.user("jane") })).to.include({ status: 200 });
    const { code, stderr } = await run(process.execPath, [...args, "--context", "absent", "--check"]);
    expect(code).to.equal(2);
    expect(stderr).to.match(/ERR_KUBECONFIG: .*absent/);
  });

  it("has all of its log without a token or a key, at its most talkative level", async () => {
    const gateway = start({ log: { level: "trace" } });
    const { port } = await ready();
    const token = rig.controlPlane.adminToken;
    expect(await call(rig, port, logPath, { token })).to.include({ status: 200 });
    expect(await call(rig, port, logPath, { token: "some-other-token" })).to.include({ status: 401 });
    await until(() => gateway.output().split('"msg":"request"').length === 3);
    for (const secret of [token, "some-other-token", "PRIVATE KEY", "Bearer"])
      expect(gateway.output()).not.to.contain(secret);
  });

  describe("--check", () => {
    const check = (changes: Changes = {}): Promise<Finished> =>
      run(process.execPath, [...argsOf(changes), "--check"]);

    it("prints ok and ends with 0 where nothing is wrong, listening nowhere", async () =>
      expect(await check({ listen: { host: "no such host", port: 1 } })).to.deep.equal({
        code: 0,
        stdout: "ok\n",
        stderr: "",
      }));

    it("tries all that the file names, and tells each fault with line and field", async () => {
      rig.write("nothing.crt", "");
      const { code, stdout, stderr } = await check({
        authentication: { clientCAFile: "nothing.crt" },
        kubelet: { caFile: "no-such.crt" },
      });
      expect([code, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(/gateway\.json:\d+:\d+: authentication\.clientCAFile: .*nothing\.crt/);
      expect(stderr).to.match(/gateway\.json:\d+:\d+: kubelet\.caFile: .*no-such\.crt/);
    });

    it("tells every fault of the file itself, as gateway does", async () => {
      const { code, stderr } = await check({ authentication: {}, authorization: { mode: "RBAC" } });
      expect(code).to.equal(2);
      expect(stderr).to.match(/ERR_CONFIGURATION: 2 faults[\s\S]*authenticates nobody[\s\S]*mode: must be/);
    });
  });
});
