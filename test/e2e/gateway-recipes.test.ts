import { X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { writeAuthority } from "../../src/certificates/certificate-writer.ts";
import { releases, resolveBinary } from "../rig/binaries.ts";
import { type RunningProcess, run, startProcess } from "../rig/child-process.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { type StrictKubectl, strictKubectl } from "../rig/strict-kubectl.ts";
import { describeWith } from "./requirements.ts";
import { executable } from "./serve-process.ts";

const page = readFileSync("docs/gateway.md", "utf8");
const recipes = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);
const namespace = "countersign-system";
const user = "countersign-gateway";

/** Every command of docs/gateway.md as it stands there, in its order, against a real cluster that signs certificates. */
await describeWith(
  ["helm", "kube-apiserver 1.37", "kube-controller-manager 1.37"],
  "what docs/gateway.md says to type",
  () => {
    let plane: RealControlPlane;
    let kubectl: StrictKubectl;
    let controllers: RunningProcess;
    let folder: string;
    const validity = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 800 * 86_400_000 };
    const authority = writeAuthority("kubelet-clients", validity);
    const readSecret = async (name: string): Promise<Readonly<Record<string, string>>> => {
      const { data } = JSON.parse(await kubectl(["get", "secret", name, "-n", namespace, "-o", "json"]));
      return Object.fromEntries(
        Object.entries<string>(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
      );
    };

    /** `yes` or `no`, about a resource or `RESOURCE/SUBRESOURCE`. */
    const can = async (as: string, verb: string, what: string, within?: string): Promise<string> => {
      const [resource = "", subresource] = what.split("/");
      const sub = subresource === undefined ? [] : ["--subresource", subresource];
      const scope = within === undefined ? ["-A"] : ["-n", within];
      return (
        await plane.kubectl(["auth", "can-i", verb, resource, ...sub, ...scope, "--as", as])
      ).stdout.trim();
    };

    /** A folder as the repository's, with the programs that the page names. */
    async function prepare(): Promise<NodeJS.ProcessEnv> {
      for (const name of ["charts", "docs"]) symlinkSync(resolve(name), join(folder, name));
      const path = join(folder, "bin");
      await run("mkdir", [path]);
      const found = await Promise.all([
        resolveBinary("kubectl", releases["kubernetes-1.37"], () => undefined),
        resolveBinary("helm", releases.helm, () => undefined),
      ]);
      for (const [index, name] of ["kubectl", "helm"].entries())
        symlinkSync(found[index]!.file, join(path, name));
      const countersign = join(path, "countersign");
      writeFileSync(countersign, `#!/bin/sh\nexec "${process.execPath}" "${executable}" "$@"\n`);
      chmodSync(countersign, 0o755);
      const kubeconfig = join(folder, "kubeconfig");
      writeFileSync(kubeconfig, readFileSync(plane.kubeconfigFile));
      return { PATH: `${path}:${process.env.PATH}`, HOME: folder, KUBECONFIG: kubeconfig };
    }

    async function startSigning(): Promise<void> {
      const { file } = await resolveBinary(
        "kube-controller-manager",
        releases["kubernetes-1.37"],
        () => undefined,
      );
      const [cert, key] = [join(folder, "signer.crt"), join(folder, "signer.key")];
      writeFileSync(cert, authority.certificatePem);
      writeFileSync(key, authority.keyPem, { mode: 0o600 });
      const args = [
        `--kubeconfig=${plane.kubeconfigFile}`,
        "--controllers=certificatesigningrequest-signing-controller",
        `--cluster-signing-cert-file=${cert}`,
        `--cluster-signing-key-file=${key}`,
        ...["--leader-elect=false", "--secure-port=0"],
      ];
      controllers = startProcess({ command: file, args });
    }

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "countersign-recipes-"));
      plane = await startRealControlPlane({});
      kubectl = strictKubectl(plane);
      await startSigning();
      const env = await prepare();
      await kubectl(["create", "namespace", "shop"]);
      for (const text of recipes) {
        const { code, stdout, stderr } = await run("bash", ["-euo", "pipefail", "-c", text], {
          ...{ env, cwd: folder },
        });
        expect(code, `${text}\n${stdout}${stderr}\n${controllers.output()}`).to.equal(0);
      }
    });
    after(async () => {
      await controllers?.stop();
      await plane?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it("makes a client certificate of the user that is granted kubelets' paths, and leaves no key lying about", async () => {
      const { "tls.crt": certificate, "tls.key": key } = await readSecret("countersign-kubelet-client");
      const parsed = new X509Certificate(certificate!);
      expect(parsed.subject).to.equal(`CN=${user}`);
      expect(parsed.keyUsage).to.deep.equal(["1.3.6.1.5.5.7.3.2"]);
      expect(parsed.verify(new X509Certificate(authority.certificatePem).publicKey)).to.equal(true);
      expect(parsed.validToDate.getTime() - parsed.validFromDate.getTime()).to.be.greaterThan(
        364 * 86_400_000,
      );
      expect(key).to.match(/^-----BEGIN PRIVATE KEY-----/);
      const { stdout } = await run("find", [folder, "-maxdepth", "1", "-name", "*.key"]);
      // the CA's, which the page says to keep, and that of this test's signer
      expect(stdout.trim().split("\n").toSorted()).to.deep.equal(
        ["gateway-ca.key", "signer.key"].map((name) => join(folder, name)),
      );
    });

    it("lets that user do at kubelets what the file says, and nothing else", async () => {
      const [role] = parseAllDocuments(readFileSync("docs/gateway/kubelet-access.yaml", "utf8")).map(
        (document) => document.toJSON(),
      );
      for (const { resources } of role.rules)
        for (const resource of resources) expect(await can(user, "get", resource), resource).to.equal("yes");
      for (const [verb, resource] of [
        ...[
          ["create", "nodes/proxy"],
          ["get", "nodes"],
          ["get", "pods"],
          ["get", "secrets"],
        ],
        ["list", "nodes/metrics"],
      ] as const)
        expect(await can(user, verb, resource), `${verb} ${resource}`).to.equal("no");
    });

    it("makes a serving certificate that a tenant who has its CA can verify", async () => {
      const { "tls.crt": certificate } = await readSecret("countersign-gateway-tls");
      const parsed = new X509Certificate(certificate!);
      const ca = new X509Certificate(readFileSync(join(folder, "gateway-ca.crt")));
      expect(parsed.checkIssued(ca) && parsed.verify(ca.publicKey)).to.equal(true);
      expect(ca.ca).to.equal(true);
      expect(parsed.ca).to.equal(false);
      expect(parsed.keyUsage).to.deep.equal(["1.3.6.1.5.5.7.3.1"]);
      expect(parsed.checkHost(`countersign-gateway.${namespace}.svc`)).to.not.equal(undefined);
    });

    it("installs a chart all of whose Secrets are there", async () => {
      const deployment = await kubectl(["get", "deployment", user, "-n", namespace, "-o", "json"]);
      const { volumes } = JSON.parse(deployment).spec.template.spec;
      const secrets = volumes.flatMap(({ secret }: { secret?: { secretName: string } }) =>
        secret === undefined ? [] : [secret.secretName],
      );
      expect(secrets).to.have.members(["countersign-kubelet-client", "countersign-gateway-tls"]);
      for (const name of secrets) await readSecret(name);
    });

    it("grants tenants what it says", async () => {
      const prometheus = "system:serviceaccount:monitoring:prometheus";
      expect(await can(prometheus, "get", "nodes/metrics")).to.equal("yes");
      expect(await can(prometheus, "get", "nodes/proxy")).to.equal("no");
      expect(await can("jane", "get", "pods/log", "shop")).to.equal("yes");
      expect(await can("jane", "get", "pods/log", "default")).to.equal("no");
    });

    it("writes a context whose cluster is the gateway's Service, with its CA", async () => {
      const view = await run("kubectl", ["config", "view", "--raw", "-o", "json"], {
        env: { PATH: join(folder, "bin"), HOME: folder, KUBECONFIG: join(folder, "kubeconfig") },
      });
      const { clusters, contexts } = JSON.parse(view.stdout);
      const named = (list: { name: string }[]) => list.find(({ name }) => name === "kubelets");
      const { cluster } = named(clusters) as unknown as { cluster: Readonly<Record<string, string>> };
      expect(cluster.server).to.equal(`https://countersign-gateway.${namespace}.svc:443`);
      expect(Buffer.from(cluster["certificate-authority-data"]!, "base64").toString()).to.equal(
        readFileSync(join(folder, "gateway-ca.crt"), "utf8"),
      );
      expect(named(contexts)).to.deep.include({ name: "kubelets" });
    });
  },
);
