import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type Kubelet, startKubelet } from "../../src/testing/kubelet/kubelet.ts";
import { releases, resolveBinary } from "../rig/binaries.ts";
import { type Finished, run } from "../rig/child-process.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { strictKubectl } from "../rig/strict-kubectl.ts";
import { describeWith } from "./requirements.ts";
import { certificateUser, type GatewayProcess, kubeconfigOf, startGateway } from "./whoami-servers.ts";

const logOf = (query: string, pod = "web"): readonly string[] => [
  ...["get", "--raw", `/api/v1/namespaces/default/pods/${pod}/log?${query}`],
];

/** What kubectl is given, by what that is about; the same to kube-apiserver and to the gateway. */
const commands: Readonly<Record<string, readonly string[]>> = {
  "a log": ["logs", "web"],
  "one of several containers": ["logs", "web", "-c", "side"],
  "the end of a log": ["logs", "web", "--tail=1"],
  "nothing of a log": ["logs", "web", "--tail=0"],
  "a log's beginning": ["logs", "web", "--limit-bytes=5"],
  "a log since an hour ago": ["logs", "web", "--since=1h"],
  "a log since an instant": ["logs", "web", "--since-time=2020-01-01T00:00:00Z"],
  "the log before": ["logs", "web", "--previous"],
  "the log before, where there was none": ["logs", "web", "-c", "side", "--previous"],
  "a container that waits": ["logs", "waiting"],
  "a pod that there is not": logOf("container=app", "nobody"),
  "a container that there is not": logOf("container=nobody"),
  "a pod without a container named": logOf("tailLines=1"),
  "a negative number of lines": logOf("container=app&tailLines=-1"),
  "no bytes": logOf("container=app&limitBytes=0"),
  "two instants": logOf("container=app&sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z"),
  "no seconds": logOf("container=app&sinceSeconds=0"),
  "something that is no number": logOf("container=app&tailLines=many"),
  "something that is no instant": logOf("container=app&sinceTime=yesterday"),
  "a word for whether": logOf("container=app&timestamps=perhaps"),
  "an option that there is not": logOf("container=app&colour=red"),
};

/** Pods, as one looks for the one whose log is wanted. */
const looks: Readonly<Record<string, readonly string[]>> = {
  "all pods": ["get", "pods"],
  "all of all namespaces": ["get", "pods", "--all-namespaces"],
  "more of each": ["get", "pods", "-o", "wide"],
  "their labels": ["get", "pods", "--show-labels"],
  "them in order": ["get", "pods", "--sort-by=.metadata.name"],
  "some by selector": ["get", "pods", "-l", "tier=front"],
  "those of a node": ["get", "pods", "--field-selector=spec.nodeName=nobody"],
  "one page after the other": ["get", "pods", "--chunk-size=1"],
  "one pod": ["get", "pod", "web"],
  "one pod that there is not": ["get", "pod", "nobody"],
  "their names": ["get", "pods", "-o", "name"],
  "one pod whole": ["get", "pod", "web", "-o", "yaml"],
};

await describeWith(["kube-apiserver 1.37", "kubectl 1.28"], "kubectl logs", () => {
  const authority = createCertificateAuthority({ commonName: "kubelets" });
  const kubectls = new Map<string, string>();
  let folder: string;
  let plane: RealControlPlane;
  let kubelet: Kubelet;
  let gateway: GatewayProcess;

  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  /** As a user, by kube-apiserver or by the gateway. */
  const as = (user: string, by: "apiserver" | "gateway", version: string, args: readonly string[]) => {
    const server = by === "gateway" ? gateway : plane;
    const presented = certificateUser(plane.certificateAuthority.issue({ commonName: user }));
    const KUBECONFIG = write(`${user}-${by}`, kubeconfigOf(server, presented));
    return run(kubectls.get(version)!, args, {
      env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG, KUBECACHEDIR: join(folder, by) },
      input: "",
    });
  };
  const pairFlags = (): Readonly<Record<"certFile" | "keyFile", string>> => {
    const { certificatePem, keyPem } = authority.issue({ commonName: "kubelet-client" });
    return { certFile: write("client.crt", certificatePem), keyFile: write("client.key", keyPem) };
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-gateway-logs-"));
    for (const version of ["1.37", "1.28"] as const) {
      const { file } = await resolveBinary("kubectl", releases[`kubernetes-${version}`], () => undefined);
      kubectls.set(version, file);
    }
    const { certFile, keyFile } = pairFlags();
    const caFile = write("kubelet-ca.crt", authority.certificatePem);
    plane = await startRealControlPlane({
      extraFlags: [
        `--kubelet-client-certificate=${certFile}`,
        `--kubelet-client-key=${keyFile}`,
        `--kubelet-certificate-authority=${caFile}`,
        "--kubelet-preferred-address-types=InternalIP",
      ],
    });
    const { url, caPem, adminToken } = plane;
    kubelet = await startKubelet({
      controlPlane: { url, caPem, adminToken, certificateAuthority: authority },
      authorization: { mode: "AlwaysAllow" },
    });
    const kubectl = strictKubectl(plane);
    await kubectl(["create", "clusterrole", "reads-logs", "--verb=get,list", "--resource=pods,pods/log"]);
    await kubectl(["create", "clusterrolebinding", "jane", "--clusterrole=reads-logs", "--user=jane"]);
    await kubelet.runPod({
      name: "web",
      containers: { app: { log: "one\ntwo\nthree\n", previousLog: "before\n" }, side: { log: "aside\n" } },
    });
    await kubelet.runPod({ name: "waiting", containers: { app: { waiting: "ContainerCreating" } } });
    gateway = await startGateway(plane, {
      kubelet: {
        clientCertificate: { certFile, keyFile },
        caFile,
        addressTypes: ["InternalIP"],
        addressRanges: ["127.0.0.1/32"],
        ports: [kubelet.port],
      },
    });
  });
  after(async () => {
    await gateway?.stop();
    await kubelet?.stop();
    await plane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const version of ["1.37", "1.28"])
    describe(`of ${version}, by the gateway as by kube-apiserver`, () => {
      for (const [what, args] of Object.entries(commands))
        it(`reads ${what}`, async () => {
          const expected = await as("jane", "apiserver", version, args);
          const found = await as("jane", "gateway", version, args);
          expect(found).to.deep.equal(expected);
        });

      for (const [what, args] of Object.entries(looks))
        it(`looks for ${what}`, async () => {
          const seen = async (by: "apiserver" | "gateway"): Promise<Finished> => {
            const finished = await as("jane", by, version, args);
            // it goes on between the two, and columns are as wide as what is in them
            const stdout = finished.stdout.replace(/\b(?:\d+[smh])+\b/g, "AGE").replace(/ +/g, " ");
            return { ...finished, stdout };
          };
          const expected = await seen("apiserver");
          expect(await seen("gateway")).to.deep.equal(expected);
          expect(`${expected.stdout}${expected.stderr}`).to.not.equal("");
        });

      it("refuses who may not, in the same words", async () => {
        const expected = await as("john", "apiserver", version, ["logs", "web"]);
        expect(await as("john", "gateway", version, ["logs", "web"])).to.deep.equal(expected);
        expect(expected).to.include({ code: 1, stdout: "" });
      });

      it("reads from a kubelet whose certificate has expired only where that is asked for", async () => {
        kubelet.useCertificate("expired");
        const withFlag = ["logs", "web", "--insecure-skip-tls-verify-backend"];
        const refusedBy = async (by: "apiserver" | "gateway"): Promise<string> => {
          const { code, stdout, stderr } = await as("jane", by, version, ["logs", "web"]);
          expect([code, stdout]).to.deep.equal([1, ""]);
          return stderr.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "NOW").trim();
        };
        const words = await refusedBy("apiserver");
        // the gateway's hint stands behind upstream's words
        expect((await refusedBy("gateway")).replace(/ \(kubectl logs --insecure[^)]*\)$/, "")).to.equal(
          words,
        );
        const told: Finished = await as("jane", "apiserver", version, withFlag);
        const found = await as("jane", "gateway", version, withFlag);
        expect(found).to.include({ code: 0, stdout: told.stdout });
        expect(found.stderr).to.match(/Warning: .*certificate was not verified/);
        kubelet.useCertificate("valid");
      });

      it("follows a log until its container ends", async () => {
        const pod = await kubelet.runPod({ name: `ends-${version.replace(".", "-")}` });
        const followed = as("jane", "gateway", version, ["logs", pod.name, "-f"]);
        pod.container("app").append("first\n");
        pod.container("app").append("last\n");
        await pod.terminateContainer("app");
        expect(await followed).to.include({ code: 0, stdout: "first\nlast\n" });
      });
    });

  describe("by either", () => {
    it("shows the kubelet no credential but a client certificate", () => {
      const received = kubelet.requests().filter(({ url }) => url.startsWith("/containerLogs/"));
      expect(received.length).to.be.greaterThan(10);
      expect(received.flatMap(({ credentials }) => credentials)).to.deep.equal([]);
      expect(new Set(received.map(({ clientCertificate }) => clientCertificate))).to.deep.equal(
        new Set(["CN=kubelet-client"]),
      );
    });
  });
});
