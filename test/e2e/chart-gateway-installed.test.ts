import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type Kubelet, startKubelet } from "../../src/testing/kubelet/kubelet.ts";
import { helm, notes, one, parseManifests, release, renderText, withValues } from "../charts/helm.ts";
import { type Finished, type RunningProcess, startProcess } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { serviceAccountKubeconfig } from "../rig/service-account-kubeconfig.ts";
import { type StrictKubectl, strictKubectl } from "../rig/strict-kubectl.ts";
import { describeWith } from "./requirements.ts";
import { executable } from "./serve-process.ts";

const name = "countersign-gateway";
const host = `${name}.${release.namespace}.svc`;

/**
 * What `helm install` brings with a gateway alone, without a node: the gateway is run here, on the configuration that was
 * rendered, as its ServiceAccount, before the embedded kubelet. Only addresses and folders are this machine's.
 */
await describeWith(["helm", "kube-apiserver 1.37"], "the chart's gateway, before a kubelet", () => {
  const authority = createCertificateAuthority({ commonName: "cluster" });
  let plane: RealControlPlane;
  let kubectl: StrictKubectl;
  let kubelet: Kubelet;
  let gateway: RunningProcess;
  let folder: string;
  let adminPort: number;
  let port: number;

  const values = () => ({
    server: { enabled: false },
    gateway: {
      ...{ enabled: true, drain: { delaySeconds: 0, timeoutSeconds: 1 } },
      clientCertificate: { existingSecret: "kubelet-client" },
      tls: { existingSecret: { name: "serving" } },
      kubelet: { addressRanges: ["127.0.0.1/32"], ports: [kubelet.port] },
    },
  });

  /** The files that the pod has mounted. */
  function writeMounted(configuration: string): string {
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text, { mode: 0o600 });
    };
    const pair = (path: string, { certificatePem, keyPem }: ReturnType<typeof authority.issue>): void => {
      write(`${path}/tls.crt`, certificatePem);
      write(`${path}/tls.key`, keyPem);
    };
    pair("tls", authority.issue({ commonName: name, dnsNames: [host] }));
    pair("kubelet-client", authority.issue({ commonName: name }));
    write("kubelet-ca/ca.crt", authority.certificatePem);
    const here = {
      ...parse(configuration.replaceAll(/: \/(tls|kubelet-client|kubelet-ca)\//g, `: ${folder}/$1/`)),
      listen: { host: "127.0.0.1", port },
      admin: { host: "127.0.0.1", port: adminPort },
    };
    write("gateway.json", JSON.stringify(here));
    return join(folder, "gateway.json");
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-gateway-"));
    writeFileSync(join(folder, "ca.crt"), authority.certificatePem);
    plane = await startRealControlPlane({ extraFlags: [`--client-ca-file=${join(folder, "ca.crt")}`] });
    kubectl = strictKubectl(plane);
    const { url, caPem, adminToken } = plane;
    kubelet = await startKubelet({
      controlPlane: { url, caPem, adminToken, certificateAuthority: authority },
    });
    for (const namespace of ["shop", "monitoring"]) await kubectl(["create", "namespace", namespace]);
    await kubectl(["create", "serviceaccount", "prometheus", "-n", "monitoring"]);
    await kubectl(["apply", "-f", "docs/gateway/kubelet-access.yaml"]);
    await aggregateView();
    await kubelet.runPod({ namespace: "shop", name: "web", containers: { app: { log: "hello\n" } } });
    await install();
  });
  after(async () => {
    await gateway?.stop(10_000);
    await kubelet?.stop();
    await plane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** As the controller manager does, which does not run here. */
  async function aggregateView(): Promise<void> {
    const part = await kubectl(["get", "clusterrole", "system:aggregate-to-view", "-o", "json"]);
    const { rules } = JSON.parse(part);
    await kubectl(["patch", "clusterrole", "view", "--type=merge", "-p", JSON.stringify({ rules })]);
  }

  async function install(): Promise<void> {
    const installed = await withValues(values(), (args) =>
      helm(["install", release.name, ...args, "-n", release.namespace, "--create-namespace"], {
        KUBECONFIG: plane.kubeconfigFile,
      }),
    );
    expect(installed.code, installed.stderr).to.equal(0);
    [port, adminPort] = [await freePort(), await freePort()];
    const { data } = one(parseManifests(await renderText(values())), "ConfigMap", name);
    const kubeconfig = await serviceAccountKubeconfig({ namespace: release.namespace, name }, plane);
    const flags = ["--config", writeMounted(data["gateway.yaml"]), "--kubeconfig", kubeconfig];
    gateway = startProcess({ command: process.execPath, args: [executable, "gateway", ...flags] });
    await poll("the gateway to be ready", async () => {
      if (gateway.exitCode !== undefined) return "ended";
      return (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok ? "ready" : undefined;
    }).catch((cause: unknown) => {
      throw new Error(`the gateway did not become ready: ${gateway.output()}`, { cause });
    });
    expect(gateway.exitCode, gateway.output()).to.equal(undefined);
    await grantAsNotesSay();
  }

  /** The commands of NOTES' first step, as they stand there. */
  async function grantAsNotesSay(): Promise<void> {
    const text = await notes(values());
    const step = text.slice(text.indexOf("\n1. "), text.indexOf("\n2. "));
    const commands = [...step.matchAll(/^ +kubectl (.+)$/gm)].map(([, rest]) => rest!);
    expect(commands).to.have.length(3);
    for (const command of commands) await kubectl(command.split(" "));
  }

  /** Tenants' kubectl, told the gateway's address by flags. */
  async function asTenant(user: "jane" | "prometheus", args: readonly string[]): Promise<Finished> {
    const { certificatePem, keyPem } = authority.issue({ commonName: "jane" });
    writeFileSync(join(folder, "jane.crt"), certificatePem);
    writeFileSync(join(folder, "jane.key"), keyPem, { mode: 0o600 });
    const credential =
      user === "jane"
        ? ["--client-certificate", join(folder, "jane.crt"), "--client-key", join(folder, "jane.key")]
        : ["--token", (await kubectl(["create", "token", "prometheus", "-n", "monitoring"])).trim()];
    const address = ["--server", `https://127.0.0.1:${port}`, "--tls-server-name", host];
    const trust = ["--certificate-authority", join(folder, "ca.crt"), "--kubeconfig", "/dev/null"];
    return plane.kubectl([...args, ...address, ...trust, ...credential]);
  }

  it("lets a tenant of the API server's read the log that she may read, and says who she is", async () => {
    expect(await asTenant("jane", ["logs", "web", "-n", "shop"])).to.deep.equal({
      ...{ code: 0, stdout: "hello\n", stderr: "" },
    });
    const who = await asTenant("jane", ["auth", "whoami"]);
    expect(who.stdout, who.stderr).to.match(/^Username +jane$/m);
    const elsewhere = await asTenant("jane", ["logs", "web", "-n", "default"]);
    expect(elsewhere).to.include({ code: 1, stdout: "" });
    expect(elsewhere.stderr).to.match(/Forbidden/);
  });

  it("lets a ServiceAccount read metrics and nothing else of a kubelet, without nodes/proxy", async () => {
    const read = (path: string) =>
      asTenant("prometheus", ["get", "--raw", `/api/v1/nodes/${kubelet.nodeName}/proxy${path}`]);
    const metrics = await read("/metrics/cadvisor");
    expect(metrics.code, metrics.stderr + gateway.output()).to.equal(0);
    expect(metrics.stdout).to.match(/^# (HELP|TYPE) /m);
    for (const path of ["/configz", "/pods", "/stats/summary"]) {
      const refused = await read(path);
      expect(refused).to.include({ code: 1, stdout: "" });
      expect(refused.stderr, path).to.match(/Forbidden/);
    }
  });

  it("shows the kubelet a certificate, and no token of anybody's", async () => {
    const received = kubelet.requests();
    expect(received.length).to.be.greaterThan(1);
    expect(JSON.stringify(received)).to.not.match(/authorization|bearer/i);
  });

  it("reads from a kubelet whose certificate has expired only if that is asked for", async () => {
    kubelet.useCertificate("expired");
    const refused = await asTenant("jane", ["logs", "web", "-n", "shop"]);
    expect(refused).to.include({ code: 1, stdout: "" });
    expect(refused.stderr).to.match(/x509: certificate has expired/);
    const insecurely = ["logs", "web", "-n", "shop", "--insecure-skip-tls-verify-backend"];
    const read = await asTenant("jane", insecurely);
    expect(read, read.stderr).to.include({ code: 0, stdout: "hello\n" });
    expect(read.stderr).to.match(/^Warning: .*not verified/m);
    const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    expect(metrics)
      .to.match(/^kube_apiserver_pod_logs_insecure_backend_total\{usage="skip_tls_allowed"\} 1$/m)
      .and.match(/^kube_apiserver_pod_logs_backend_tls_failure_total 1$/m);
  });
});
