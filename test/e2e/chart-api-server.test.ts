import { expect } from "chai";
import { cases } from "../charts/cases.ts";
import {
  helm,
  isTestHook,
  one,
  type RenderedObject,
  release,
  render,
  type Values,
  withValues,
} from "../charts/helm.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { type StrictKubectl, strictKubectl } from "../rig/strict-kubectl.ts";
import { describeWith } from "./requirements.ts";

/** Of operators that a cluster may not have: no API server knows them by itself. */
const customKinds = ["Certificate", "Issuer", "PodMonitor", "PrometheusRule", "ServiceMonitor"];
const kinds = ["validating", "mutating"] as const;

await describeWith(["helm", "kube-apiserver 1.37"], "the chart and a real API server", () => {
  let plane: RealControlPlane;
  let kubectl: StrictKubectl;
  const builtIn = ({ kind }: RenderedObject): boolean => !customKinds.includes(kind);
  const listOf = (items: readonly unknown[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const helmOn = (args: readonly string[]) => helm(args, { KUBECONFIG: plane.kubeconfigFile });
  const helmWith = (command: string, values: Values, ...more: string[]) =>
    withValues(values, async (args) => {
      const namespace = ["--namespace", release.namespace, "--create-namespace"];
      const { code, stderr } = await helmOn([command, release.name, ...args, ...namespace, ...more]);
      expect(code, stderr).to.equal(0);
    });
  /** What of the release there is, by kind and name. */
  const left = async (): Promise<string[]> => {
    const namespaced = "all,secrets,configmaps,serviceaccounts,roles,rolebindings,pdb,hpa,networkpolicies";
    const wide =
      "clusterroles,clusterrolebindings,validatingwebhookconfigurations,mutatingwebhookconfigurations";
    const selected = ["-l", "app.kubernetes.io/name=countersign", "-o", "name", "--ignore-not-found"];
    const found = await Promise.all([
      kubectl(["get", namespaced, "-n", release.namespace, ...selected]),
      kubectl(["get", wide, ...selected]),
    ]);
    return found.join("\n").split("\n").filter(Boolean);
  };
  const read = async (kind: (typeof kinds)[number]) =>
    JSON.parse(await kubectl(["get", `${kind}webhookconfiguration`, release.name, "-o", "json"]));
  /** As a running server does: its Secret, and `caBundle` by a JSON patch. */
  const keepCertificates = async (): Promise<void> => {
    const data = { "tls.crt": "QQ==", "tls.key": "Qg==" };
    const secret = ["secret", "countersign-tls", "-n", release.namespace, "--field-manager=countersign"];
    await kubectl(["patch", ...secret, "-p", JSON.stringify({ data })]);
    for (const kind of kinds) {
      const { webhooks } = await read(kind);
      const value = Buffer.from(plane.caPem).toString("base64");
      const patch = webhooks.map((_: unknown, index: number) => ({
        ...{ op: "add", path: `/webhooks/${index}/clientConfig/caBundle`, value },
      }));
      const args = ["--type=json", "--field-manager=countersign", "-p", JSON.stringify(patch)];
      await kubectl(["patch", `${kind}webhookconfiguration`, release.name, ...args]);
    }
  };
  const bundles = async (): Promise<Readonly<Record<string, boolean>>> => {
    const all = await Promise.all(kinds.map(read));
    return Object.fromEntries(
      all
        .flatMap(({ webhooks }) => webhooks)
        .map(({ name, clientConfig }) => [name, clientConfig.caBundle !== undefined]),
    );
  };
  before(async () => {
    plane = await startRealControlPlane({});
    kubectl = strictKubectl(plane);
    await kubectl(["create", "namespace", release.namespace]);
  });
  after(() => plane.stop());

  for (const [name, values] of Object.entries(cases))
    it(`it accepts what is rendered with the values of ${name}, test hooks too`, async () => {
      const objects = (await render(values)).filter(builtIn);
      expect(objects.length).to.be.greaterThan(0);
      await kubectl(["apply", "--server-side", "--dry-run=server", "-f", "-"], listOf(objects));
    });

  describe("in a namespace that enforces PodSecurity restricted", () => {
    const namespace = "restricted";
    const podOf = ({ metadata, kind, spec }: RenderedObject): object =>
      kind === "Pod"
        ? { apiVersion: "v1", kind, metadata: { name: metadata.name, namespace }, spec }
        : {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: metadata.name, namespace },
            spec: spec.template.spec,
          };
    const create = (pod: object) =>
      plane.kubectl(["create", "--dry-run=server", "-f", "-"], JSON.stringify(pod));
    before(async () => {
      await kubectl(["create", "namespace", namespace]);
      for (const mode of ["enforce", "warn"])
        await kubectl(["label", "namespace", namespace, `pod-security.kubernetes.io/${mode}=restricted`]);
    });

    it("the server's pods, the gateway's and the test's may run", async () => {
      for (const name of ["defaults", "cert-manager", "existing-secret", "gateway"]) {
        const objects = await render(cases[name]!);
        const pods = objects.filter(({ kind }) => kind === "Deployment" || kind === "Pod");
        expect(pods.length).to.be.greaterThan(1);
        for (const pod of pods) expect(await create(podOf(pod))).to.include({ code: 0, stderr: "" });
      }
    });

    it("the agent's may not, for it shares a folder with the node", async () => {
      const agent = one(await render(cases.agent!), "DaemonSet", "countersign-agent");
      expect((await create(podOf(agent))).stderr).to.match(
        /violates PodSecurity "restricted:latest".*hostPath/,
      );
    });
  });

  for (const how of [["--server-side"], []])
    describe(`applied by kubectl apply ${how.join(" ")}`, () => {
      const text = async () =>
        listOf((await render(cases.policies!)).filter((object) => !isTestHook(object)));
      after(async () => kubectl(["delete", "--ignore-not-found", "-f", "-"], await text()));

      it("does not differ the second time, whatever the running server has written meanwhile", async () => {
        const objects = await text();
        await kubectl(["apply", ...how, "-f", "-"], objects);
        await keepCertificates();
        const before = await kubectl(["get", "-f", "-", "-o", "yaml"], objects);
        const { code, stdout, stderr } = await plane.kubectl(["diff", ...how, "-f", "-"], objects);
        expect({ code, stdout }, stderr).to.deep.equal({ code: 0, stdout: "" });
        await kubectl(["apply", ...how, "-f", "-"], objects);
        expect(await kubectl(["get", "-f", "-", "-o", "yaml"], objects)).to.equal(before);
        expect(Object.values(await bundles())).to.deep.equal([true, true, true, true]);
      });
    });

  describe("installed by helm", () => {
    const all = cases.policies as { readonly policies: readonly { readonly name?: string }[] };
    const fewer = { ...all, policies: all.policies.filter(({ name }) => name !== "images") };
    before(() => helmWith("install", all));

    it("keeps its caBundles through an upgrade, one that takes a policy away included", async () => {
      await keepCertificates();
      await helmWith("upgrade", { ...all, webhooks: { timeoutSeconds: 4 } });
      const before = await bundles();
      expect(Object.values(before)).to.deep.equal([true, true, true, true]);
      await helmWith("upgrade", fewer);
      const { "images.countersign.dev": gone, ...kept } = before;
      expect(gone).to.equal(true);
      expect(await bundles()).to.deep.equal(kept);
      await helmWith("upgrade", fewer, "--server-side=false");
      expect(await bundles()).to.deep.equal(kept);
    });

    it("goes back by rollback, certificates of what was there kept", async () => {
      const { code, stderr } = await helmOn(["rollback", release.name, "1", "-n", release.namespace]);
      expect(code, stderr).to.equal(0);
      expect(await bundles()).to.deep.equal({
        ...{ "self-test.countersign.dev": true, "trusted-registries.countersign.dev": true },
        ...{ "images.countersign.dev": false, "labels.countersign.dev": true },
      });
    });

    it("leaves nothing behind when it is uninstalled", async () => {
      expect(await left()).to.include(
        "validatingwebhookconfiguration.admissionregistration.k8s.io/countersign",
      );
      const { code, stderr } = await helmOn(["uninstall", release.name, "-n", release.namespace]);
      expect(code, stderr).to.equal(0);
      expect(await left()).to.deep.equal([]);
    });
  });
});
