import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { KubeletPod } from "../../src/testing/kubelet/running-pod.ts";
import { releases, resolveBinary } from "../rig/binaries.ts";
import { type Finished, type RunningProcess, run, startProcess } from "../rig/child-process.ts";
import { poll } from "../rig/poll.ts";
import { type GatewayRig, startGatewayRig } from "../server/gateway/running-gateway.ts";
import { describeWith } from "./requirements.ts";
import { executable } from "./serve-process.ts";
import { certificateUser, kubeconfigOf, type Presented } from "./whoami-servers.ts";

const skip = "--insecure-skip-tls-verify-backend";
const versions = ["1.37", "1.28"] as const;
type Version = (typeof versions)[number];

const reads = (...resources: readonly string[]) => ({ apiGroups: [""], resources, verbs: ["get", "list"] });

/** What no other server has to do with: kubectl, the gateway as it is packed, and a kubelet whose certificate has expired. */
await describeWith(["kubectl 1.28"], "kubectl against a gateway in front of an expired kubelet", () => {
  let rig: GatewayRig;
  let gateway: RunningProcess;
  let ports: { readonly port: number; readonly adminPort: number };
  let web: KubeletPod;
  const files = new Map<Version, string>();

  before(async () => {
    for (const version of versions)
      files.set(
        version,
        (await resolveBinary("kubectl", releases[`kubernetes-${version}`], () => undefined)).file,
      );
    rig = await startGatewayRig();
    const { kubelet } = rig;
    web = await kubelet.runPod({
      name: "web",
      containers: { app: { log: "one\ntwo\n", previousLog: "before\n" } },
    });
    await kubelet.runPod({ name: "pair", containers: { a: { log: "of a\n" }, b: { log: "of b\n" } } });
    kubelet.useCertificate("expired");
    await label("web", "pair");
    await rig.grant("tenant", reads("pods", "pods/log"));
    const connected = ["pods", ...["exec", "attach", "portforward"].map((name) => `pods/${name}`)];
    await rig.grant("operator", { apiGroups: [""], resources: connected, verbs: ["*"] });
    for (const account of ["metrics", "pods", "proxy"])
      await rig.grant(`system:serviceaccount:default:${account}`, reads(`nodes/${account}`));
    const args = ["gateway", "--config", rig.write("gateway.json", rig.configuration())];
    gateway = startProcess({
      command: process.execPath,
      args: [executable, ...args, "--kubeconfig", rig.kubeconfig],
    });
    ports = await poll("the gateway to be ready", async () => {
      if (gateway.exitCode !== undefined) throw new Error(gateway.output());
      const line = /^\{"port".*"adminPort":\d+\}$/m.exec(gateway.output())?.[0];
      if (line === undefined) return undefined;
      const said = JSON.parse(line) as typeof ports;
      return (await admin("/readyz", said)) === "ok" ? said : undefined;
    });
  });
  after(async () => {
    await gateway?.stop();
    await rig?.close();
  });

  async function label(...pods: readonly string[]): Promise<void> {
    for (const name of pods)
      await rig.client.request({
        method: "PATCH",
        path: `/api/v1/namespaces/default/pods/${name}`,
        headers: { "Content-Type": "application/merge-patch+json" },
        body: { metadata: { labels: { tier: "front" } } },
      });
  }
  const admin = async (path: string, { adminPort } = ports): Promise<string> =>
    (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
  const metric = async (name: string): Promise<number> => {
    const line = (await admin("/metrics")).split("\n").find((each) => each.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.slice(name.length + 1));
  };

  function environmentOf(user: Presented): NodeJS.ProcessEnv {
    const url = `https://127.0.0.1:${ports.port}`;
    const config = kubeconfigOf({ url, caPem: rig.servingCA.certificatePem }, user);
    // what one has discovered is not to be known to the next
    const cache = join(rig.folder, `cache-${performance.now()}`);
    mkdirSync(cache);
    return {
      PATH: process.env.PATH,
      HOME: cache,
      KUBECACHEDIR: cache,
      KUBECONFIG: rig.write(`of-kubectl-${performance.now()}`, config),
    };
  }
  const tenant = (): Presented => certificateUser(rig.user("tenant"));
  const kubectl = (version: Version, args: readonly string[], user = tenant()): Promise<Finished> =>
    run(files.get(version)!, args, { env: environmentOf(user), input: "" });
  async function accountOf(name: string): Promise<Presented> {
    const path = "/api/v1/namespaces/default/serviceaccounts";
    await rig.client.send({ path, body: { metadata: { name } } });
    const { body } = await rig.client.request<{ status: { token: string } }>({
      path: `${path}/${name}/token`,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } },
    });
    return { token: body.status.token };
  }

  for (const version of versions)
    describe(`kubectl ${version}`, () => {
      it("without the flag is told that the certificate has expired, and of the flag", async () => {
        const { code, stdout, stderr } = await kubectl(version, ["logs", "web"]);
        expect([code, stdout]).to.deep.equal([1, ""]);
        expect(stderr).to.match(
          /^Error from server: Get "https:\/\/127\.0\.0\.1:\d+\/containerLogs\/default\/web\/app":/,
        );
        expect(stderr).to.contain("certificate has expired").and.contain(skip);
      });

      for (const [flags, out] of [
        [[], "one\ntwo\n"],
        [["--tail=1"], "two\n"],
        [["--previous"], "before\n"],
        [["--since=1h"], "one\ntwo\n"],
        [["--since=1h", "--tail=1", "--timestamps=false"], "two\n"],
        [["--limit-bytes=3"], "one"],
      ] as const)
        it(`with the flag and ${flags.join(" ") || "nothing else"} reads the log, and says that nobody looked`, async () => {
          const { code, stdout, stderr } = await kubectl(version, ["logs", "web", skip, ...flags]);
          expect([code, stdout], stderr).to.deep.equal([0, out]);
          expect(stderr).to.match(/^Warning: the kubelet's serving certificate was not verified/);
        });

      for (const [subresource, args] of [
        ["exec", ["exec", "web", "--", "true"]],
        ["attach", ["attach", "web"]],
        ["portforward", ["port-forward", "web", ":80"]],
      ] as const)
        it(`is told where ${args[0]} is served`, async () => {
          const { code, stderr } = await kubectl(version, args, certificateUser(rig.user("operator")));
          expect(code).to.equal(1);
          expect(stderr).to.contain(`pods/${subresource} is not served by this gateway: use the API server`);
        });

      it("follows a log until its container ends", async () => {
        const name = `followed-${version.replace(".", "-")}`;
        const pod = await rig.kubelet.runPod({ name, containers: { app: { log: "first\n" } } });
        const following = kubectl(version, ["logs", "-f", name, skip]);
        await poll("the log to be followed", () =>
          rig.kubelet.requests().find(({ url }) => url.includes(`/${name}/app?follow=true`)),
        );
        pod.container("app").append("second\n");
        await pod.terminateContainer("app");
        expect((await following).stdout).to.equal("first\nsecond\n");
      });

      it("reads by selector, and all containers of a pod", async () => {
        const selected = await kubectl(version, ["logs", "-l", "tier=front", "--all-containers", skip]);
        expect(selected.stdout.trim().split("\n").toSorted(), selected.stderr).to.deep.equal([
          "of a",
          "of b",
          "one",
          "two",
        ]);
      });

      it("is told in an API server's words what there is not, and what it may not", async () => {
        const missing = await kubectl(version, ["logs", "nobody", skip]);
        expect(missing.stderr).to.contain('rror from server (NotFound): pods "nobody" not found');
        const stranger = await kubectl(version, ["logs", "web", skip], certificateUser(rig.user("stranger")));
        expect(stranger.stderr).to.contain('User "stranger" cannot get resource "pods"');
      });

      it("is told of the pod that is not there where it may read the namespace, too", async () => {
        const administrator = certificateUser(rig.user("root", "system:masters"));
        const missing = await kubectl(version, ["logs", "nobody", "-n", "kube-system"], administrator);
        expect(missing.stderr).to.contain('pods "nobody" not found');
      });

      it("is not let in by a name alone", async () => {
        const forged = await kubectl(version, ["logs", "web", skip], { token: "forged" });
        expect(forged.stderr).to.contain("You must be logged in to the server");
      });
    });

  describe("a node's paths, over a connection that is always verified", () => {
    const at = (path: string): readonly string[] => ["get", "--raw", `/api/v1/nodes/node-1/proxy${path}`];
    before(() => rig.kubelet.useCertificate("valid"));
    after(() => rig.kubelet.useCertificate("expired"));

    for (const [account, path, allowed] of [
      ["metrics", "/metrics/cadvisor", true],
      ["metrics", "/metrics", true],
      ["metrics", "/pods", false],
      ["metrics", "/configz", false],
      ["metrics", "/run/default/web/app", false],
      ["pods", "/pods", true],
      ["pods", "/pods/", true],
      ["pods", "/metrics/cadvisor", false],
      ["proxy", "/pods", true],
      ["proxy", "/configz", true],
      ["proxy", "/containerLogs/default/web/app?tailLines=1", true],
    ] as const)
      it(`nodes/${account} ${allowed ? "opens" : "does not open"} ${path}`, async () => {
        const user = await accountOf(account);
        for (const version of versions) {
          const { code, stdout, stderr } = await kubectl(version, at(path), user);
          expect([code, stdout !== ""], stderr).to.deep.equal([allowed ? 0 : 1, allowed]);
          if (!allowed)
            expect(stderr).to.match(
              /^Error from server \(Forbidden\): nodes "node-1" is forbidden: User "system:serviceaccount:default:\w+" cannot (?:get|create) resource /,
            );
        }
      });

    it("are not read once the certificate has expired, whatever the query says", async () => {
      rig.kubelet.useCertificate("expired");
      const user = await accountOf("metrics");
      const { stderr } = await kubectl("1.37", at("/metrics?insecureSkipTLSVerifyBackend=true"), user);
      expect(stderr).to.contain("Error from server (ServiceUnavailable)").and.contain("expired");
    });
  });

  describe("what is counted, as kube-apiserver counts it", () => {
    const usage = (value: string): string =>
      `kube_apiserver_pod_logs_insecure_backend_total{usage="${value}"}`;
    const failures = "kube_apiserver_pod_logs_backend_tls_failure_total";

    it("each log by how its kubelet was looked at, and each that failed for its certificate", async () => {
      const before = [
        await metric(usage("enforce_tls")),
        await metric(usage("skip_tls_allowed")),
        await metric(failures),
      ];
      await kubectl("1.37", ["logs", "web"]);
      await kubectl("1.37", ["logs", "web", skip]);
      await kubectl("1.28", ["logs", "web", skip]);
      const after = [
        await metric(usage("enforce_tls")),
        await metric(usage("skip_tls_allowed")),
        await metric(failures),
      ];
      expect(after.map((value, index) => value - before[index]!)).to.deep.equal([1, 2, 1]);
    });
  });

  it("--server is all it takes: a kubeconfig of the cluster's does, by another address", async () => {
    const KUBECONFIG = rig.write("of-the-cluster", rig.controlPlane.kubeconfig(rig.user("tenant")));
    const address = [`--server=https://127.0.0.1:${ports.port}`];
    const ca = [`--certificate-authority=${rig.write("serving-ca.crt", rig.servingCA.certificatePem)}`];
    const { stdout, stderr } = await run(
      files.get("1.37")!,
      ["logs", "web", skip, "--tail=1", ...address, ...ca],
      { env: { ...environmentOf(tenant()), KUBECONFIG }, input: "" },
    );
    expect(stdout, stderr).to.equal("two\n");
  });

  describe("after all of that", () => {
    it("the kubelet was shown nothing but the gateway's certificate", () => {
      expect(web.name).to.equal("web");
      for (const { credentials, clientCertificate } of rig.kubelet.requests()) {
        expect(credentials).to.deep.equal([]);
        expect(clientCertificate).to.contain("CN=countersign:kubelet-client");
      }
    });

    it("the gateway's log holds no token, query or key, and names who was refused", () => {
      const lines = gateway.output();
      expect(lines).to.not.match(/eyJ|insecureSkipTLSVerifyBackend=|BEGIN/);
      const refused = lines
        .split("\n")
        .find((line) => line.includes('"resource":"pods"') && line.includes('"caller":"stranger"'));
      expect(refused).to.contain('"code":403');
    });
  });
});
