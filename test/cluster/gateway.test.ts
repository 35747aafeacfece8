import { expect } from "chai";
import { rbac } from "../../src/commands/rbac.ts";
import { capturedIO } from "../commands/captured-io.ts";
import { ask } from "../contract/kubelet/kubelet-request.ts";
import type { PodOnTarget } from "../contract/kubelet/kubelet-target.ts";
import { startProcess } from "../rig/child-process.ts";
import { addresses } from "../rig/node/addresses.ts";
import { poll } from "../rig/poll.ts";
import { executeThroughGateway } from "./gateway-exec.ts";
import { type InstalledGateway, installGateway, kubeletAccess } from "./gateway-installation.ts";
import { uninstall } from "./installation.ts";
import { kubeletTarget } from "./kubelet-target.ts";
import { namespace } from "./policy-objects.ts";
import { describeOnNode } from "./shared-node.ts";

const proxy = `/api/v1/nodes/${addresses.node}/proxy`;
const insecure = "--insecure-skip-tls-verify-backend";

describeOnNode("the gateway in front of a kubelet", (node) => {
  const pod: PodOnTarget = { namespace, name: "web", containers: { app: { log: "one\ntwo\nthree\n" } } };
  let gateway: InstalledGateway;
  let grants: string;
  const target = () => kubeletTarget(node());
  const tenant = (...args: readonly string[]) =>
    gateway.as(`${namespace}/tenant`)([`--namespace=${namespace}`, ...args]);
  const logs = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await tenant("logs", "web", ...args);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const follow = async (...flags: readonly string[]) =>
    startProcess({
      command: node().cluster.kubectlProgram,
      args: [
        `--kubeconfig=${await gateway.kubeconfig(`${namespace}/tenant`)}`,
        ...["logs", "web", "--follow", `--namespace=${namespace}`, ...flags],
      ],
      env: { HOME: node().cluster.folder },
    });
  const reads = async (serviceAccount: string, path: string) =>
    gateway.as(`${namespace}/${serviceAccount}`)(["get", `--raw=${proxy}${path}`]);
  const opened = async (serviceAccount: string, path: string) => {
    const { code, stdout, stderr } = await reads(serviceAccount, path);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const refused = async (serviceAccount: string, path: string, missing: string) => {
    const { code, stderr } = await reads(serviceAccount, path);
    expect(code).to.equal(1);
    expect(stderr).to.contain("Error from server (Forbidden)").and.to.contain(missing);
  };

  before(async function () {
    this.timeout(300_000);
    const { kubectl } = node();
    await kubectl(["create", "namespace", namespace]);
    for (const name of ["tenant", "nobody", "monitoring", "auditor", "owner", "operator"])
      await kubectl(["create", "serviceaccount", name, `--namespace=${namespace}`]);
    const bind = [
      "create",
      "rolebinding",
      "tenant",
      "--clusterrole=view",
      `--serviceaccount=${namespace}:tenant`,
    ];
    await kubectl([...bind, `--namespace=${namespace}`]);
    grants = await printedGrants("kubelet-metrics", "monitoring");
    await kubectl(["apply", "-f", "-"], grants);
    for (const [name, resource] of [
      ["auditor", "nodes/pods"],
      ["owner", "nodes/proxy"],
    ]) {
      await kubectl(["create", "clusterrole", `gateway-${name}`, "--verb=get", `--resource=${resource}`]);
      const subject = `--serviceaccount=${namespace}:${name}`;
      await kubectl([
        "create",
        "clusterrolebinding",
        `gateway-${name}`,
        `--clusterrole=gateway-${name}`,
        subject,
      ]);
    }
    gateway = await installGateway(node());
    await target().runPod(pod);
  });
  after(async function () {
    this.timeout(300_000);
    await node().cluster.useServingCertificate("valid");
    await uninstall(node());
    const leftovers = ["gateway-auditor", "gateway-owner", "gateway-operator"].flatMap((name) => [
      `clusterrole/${name}`,
      `clusterrolebinding/${name}`,
    ]);
    await node().kubectl(["delete", "--ignore-not-found", "-f", "-"], grants);
    await node().kubectl(["delete", "--ignore-not-found", "-f", kubeletAccess]);
    await node().kubectl(["delete", "--ignore-not-found", ...leftovers]);
  });

  it("shows a tenant the log of a pod that is the tenant's: all, its tail, its beginning, since when", async () => {
    expect(await logs()).to.equal("one\ntwo\nthree\n");
    expect(await logs("--tail=1")).to.equal("three\n");
    expect(await logs("--limit-bytes=5")).to.equal("one\nt");
    expect(await logs("--since=1h")).to.equal("one\ntwo\nthree\n");
    expect(await logs("--since-time=2120-01-01T00:00:00Z")).to.equal("");
    expect(await logs("--timestamps", "--tail=1")).to.match(/^\d{4}-\S+Z three\n$/);
  });

  it("answers in the API server's words: who one is, what one may not read, what there is", async () => {
    const file = await gateway.kubeconfig(`${namespace}/tenant`);
    const both = async (...args: readonly string[]) => {
      const { url, caFile, kubectl } = node().cluster;
      const [ours, theirs] = await Promise.all([
        kubectl([`--kubeconfig=${file}`, ...args]),
        kubectl([`--kubeconfig=${file}`, `--server=${url}`, `--certificate-authority=${caFile}`, ...args]),
      ]);
      expect(ours).to.deep.equal(theirs);
      return ours.stdout + ours.stderr;
    };
    const logsOf = (name: string, where: string, ...flags: readonly string[]) =>
      both("logs", name, `--namespace=${where}`, ...flags);
    const who = `system:serviceaccount:${namespace}:tenant`;
    expect(await both("auth", "whoami")).to.contain(who);
    expect(await logsOf("web", "default")).to.contain(`User "${who}" cannot get resource "pods"`);
    expect(await logsOf("web", namespace, "--previous")).to.contain("previous terminated container");
    expect(await logsOf("web", namespace, "--timestamps", "--tail=2")).to.contain(" three\n");
  });

  it("lets nobody be somebody else who may not be", async () => {
    const path = `--raw=/api/v1/namespaces/${namespace}/pods/web`;
    const { code, stderr } = await tenant("get", "--as=jane", path);
    const who = `system:serviceaccount:${namespace}:tenant`;
    expect(code).to.equal(1);
    expect(stderr).to.contain(`users "jane" is forbidden: User "${who}" cannot impersonate resource "users"`);
  });

  it("hands a followed log on as it is written, until the container ends", async () => {
    const followed = await follow();
    await poll("what was written", () => followed.output() === "one\ntwo\nthree\n" || undefined);
    await target().append(pod, "app", "four\n");
    await poll("what is written", () => followed.output() === "one\ntwo\nthree\nfour\n" || undefined);
    await target().restart(pod, "app");
    expect(await followed.exited()).to.equal(0);
    expect(followed.output()).to.equal("one\ntwo\nthree\nfour\n");
  });

  it("shows the log of the attempt before", async () => {
    expect(await logs("--previous")).to.equal("one\ntwo\nthree\nfour\n");
    expect(await logs()).to.equal("one\ntwo\nthree\n");
  });

  it("shows nobody else a log", async () => {
    const { code, stderr } = await gateway.as(`${namespace}/nobody`)([
      "logs",
      "web",
      `--namespace=${namespace}`,
    ]);
    expect(code).to.equal(1);
    expect(stderr).to.contain("Forbidden").and.to.contain(`system:serviceaccount:${namespace}:nobody`);
    const anybody = await ask(gateway, `/api/v1/namespaces/${namespace}/pods/web/log`, {});
    expect(anybody.status).to.equal(401);
  });

  it("opens metrics to nodes/metrics as countersign rbac prints it, and nothing else", async () => {
    expect(await opened("monitoring", "/metrics/cadvisor")).to.contain("container_cpu_usage_seconds_total");
    expect(await opened("monitoring", "/metrics/resource")).to.contain("node_cpu_usage_seconds_total");
    await refused("monitoring", "/pods", "nodes/pods");
    await refused("monitoring", "/configz", "nodes/configz");
    await refused("monitoring", `/containerLogs/${namespace}/web/app`, "nodes/proxy");
    const { status } = await ask(
      gateway,
      `${proxy}/run/${namespace}/web/app?cmd=id`,
      { token: await gateway.token(`${namespace}/monitoring`) },
      { method: "POST" },
    );
    expect(status).to.equal(403);
  });

  it("opens pods to nodes/pods, and nothing else", async () => {
    const list = JSON.parse(await opened("auditor", "/pods")) as {
      items: readonly { metadata: { name: string } }[];
    };
    expect(list.items.map(({ metadata }) => metadata.name)).to.include("web");
    await refused("auditor", "/metrics/cadvisor", "nodes/metrics");
  });

  it("leaves who has nodes/proxy what they had", async () => {
    expect(await opened("owner", "/pods")).to.contain('"web"');
    expect(await opened("owner", "/healthz")).to.equal("ok");
    expect(await opened("owner", `/containerLogs/${namespace}/web/app`)).to.equal("one\ntwo\nthree\n");
    await refused("owner", "/metrics", "nodes/metrics");
  });

  describe("whose certificate has expired", () => {
    const usage = (kind: string) =>
      gateway.metric("kube_apiserver_pod_logs_insecure_backend_total", { usage: kind });
    const failures = () => gateway.metric("kube_apiserver_pod_logs_backend_tls_failure_total");
    before(async function () {
      this.timeout(200_000);
      await node().cluster.useServingCertificate("expired");
    });
    after(async function () {
      this.timeout(200_000);
      await node().cluster.useServingCertificate("valid");
    });

    it("says so to whoever does not forgive it, as the API server does, and counts it", async () => {
      const before = { failures: await failures(), enforced: await usage("enforce_tls") };
      const { code, stderr } = await tenant("logs", "web", "--tail=1");
      expect(code).to.equal(1);
      expect(stderr).to.contain(
        `https://${addresses.nodeIp}:${addresses.kubeletPort}/containerLogs/${namespace}/web/app`,
      );
      expect(stderr).to.contain(
        "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
      );
      expect(await failures()).to.be.greaterThan(before.failures);
      expect(await usage("enforce_tls")).to.be.greaterThan(before.enforced);
      const apiServer = await node().cluster.kubectl(["logs", "web", `--namespace=${namespace}`]);
      expect(apiServer.stderr).to.contain("x509: certificate has expired or is not yet valid");
    });

    it("shows logs to who forgives it, with a warning, and counts that", async () => {
      const before = await usage("skip_tls_allowed");
      const { code, stdout, stderr } = await tenant("logs", "web", insecure, "--tail=2");
      expect(code, stderr).to.equal(0);
      expect(stdout).to.equal("two\nthree\n");
      expect(stderr).to.contain("Warning: ").and.to.contain("not verified");
      expect(await logs(insecure, "--previous", "--tail=1")).to.equal("four\n");
      expect(await logs(insecure, "--since=1h")).to.equal("one\ntwo\nthree\n");
      expect(await usage("skip_tls_allowed")).to.equal(before + 3);
    });

    it("follows them, too", async () => {
      const followed = await follow(insecure);
      await poll("what was written", () => followed.output().endsWith("one\ntwo\nthree\n") || undefined);
      await followed.stop();
    });

    it("reads nothing of a node's paths unverified", async () => {
      const { code, stderr } = await reads("monitoring", "/metrics?insecureSkipTLSVerifyBackend=true");
      expect(code).to.equal(1);
      expect(stderr).to.contain("certificate has expired");
    });
  });

  describe("who shows another node's certificate", () => {
    before(async function () {
      this.timeout(200_000);
      await node().cluster.useServingCertificate("wrongName");
    });
    after(async function () {
      this.timeout(200_000);
      await node().cluster.useServingCertificate("valid");
    });

    it("is not believed, though its CA and address are right and the API server takes it", async () => {
      const { code, stderr } = await tenant("logs", "web");
      expect(code).to.equal(1);
      expect(stderr).to.contain(`system:node:${addresses.node}-neighbour`);
      expect((await node().cluster.kubectl(["logs", "web", `--namespace=${namespace}`])).stdout).to.equal(
        "one\ntwo\nthree\n",
      );
    });
  });

  describe("with exec switched on", () => {
    const command = "command=/nodejs/bin/node&command=--print&command=6*7&output=1";
    const exec = async (serviceAccount: string) => {
      const token = await gateway.token(`${namespace}/${serviceAccount}`);
      return executeThroughGateway(gateway, `${proxy}/exec/${namespace}/web/app?${command}`, token);
    };
    before(async function () {
      this.timeout(300_000);
      await gateway.change({ kubelet: { interactive: ["exec"] } });
      const { kubectl } = node();
      await kubectl(["create", "clusterrole", "gateway-operator", "--verb=create", "--resource=nodes/proxy"]);
      const subject = `--serviceaccount=${namespace}:operator`;
      const bind = [
        "create",
        "clusterrolebinding",
        "gateway-operator",
        "--clusterrole=gateway-operator",
        subject,
      ];
      await kubectl(bind);
    });

    it("runs a command for who may create, though a WebSocket is a GET", async () => {
      expect(await exec("operator")).to.deep.equal({ output: "42\n", status: "Success" });
    });

    it("runs none for who may only get, which the kubelet itself would", async () => {
      expect(await exec("owner")).to.equal("refused");
      const token = await gateway.token(`${namespace}/owner`);
      const { status, text } = await ask(gateway, `${proxy}/exec/${namespace}/web/app?${command}`, { token });
      expect(status).to.equal(403);
      expect(text).to.contain("create").and.to.contain("nodes/proxy");
    });
  });

  describe("in mode analog", () => {
    before(async function () {
      this.timeout(300_000);
      await gateway.change({ authorization: { kubelet: { mode: "analog" } } });
    });

    it("opens nothing by the node's grant alone", async () => {
      await refused("owner", `/containerLogs/${namespace}/web/app`, "pods/log");
      await refused("auditor", "/pods", "pods");
      await refused("monitoring", "/metrics/cadvisor", "/metrics/cadvisor");
    });

    it("opens what both the node's grant and the API's do", async () => {
      const { kubectl } = node();
      const subject = `--serviceaccount=${namespace}:owner`;
      const bind = ["create", "rolebinding", "owner", "--clusterrole=view", subject];
      await kubectl([...bind, `--namespace=${namespace}`]);
      const log = await poll(
        "the grant to count",
        async () => {
          const { code, stdout } = await reads("owner", `/containerLogs/${namespace}/web/app`);
          return code === 0 ? stdout : undefined;
        },
        { timeoutMs: 60_000, intervalMs: 1_000 },
      );
      expect(log).to.equal("one\ntwo\nthree\n");
    });

    it("shows tenants their logs as before", async () => {
      expect(await logs()).to.equal("one\ntwo\nthree\n");
    });
  });
});

/** What `countersign rbac --for` prints for a ServiceAccount. */
async function printedGrants(use: string, name: string): Promise<string> {
  const io = capturedIO();
  expect(await rbac.run(["--for", use, "--service-account", `${namespace}/${name}`], io)).to.equal(0);
  return io.out();
}
