import { expect } from "chai";
import { release, releaseNamespace } from "./helm.ts";
import {
  enforcePodSecurity,
  install,
  isReady,
  serverPods,
  strictHelm,
  uninstall,
  untilGone,
} from "./installation.ts";
import { describeOnNode } from "./shared-node.ts";
import { showNothing } from "./token-presentation.ts";

interface Configuration {
  readonly webhooks: readonly {
    readonly rules: readonly { readonly apiGroups: readonly string[] }[];
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

describeOnNode("the chart without a value", (node) => {
  let notes: string;
  const test = (): Promise<string> =>
    strictHelm(node().helm, [
      ...["test", release, `--namespace=${releaseNamespace}`, "--logs", "--timeout=2m"],
    ]);

  before(async () => {
    await showNothing(node(), false);
    notes = await install(node());
    await enforcePodSecurity(node(), "restricted");
  });
  after(() => uninstall(node()));

  it("is two servers, both ready", async () => {
    expect((await serverPods(node())).map(isReady)).to.deep.equal([true, true]);
  });

  it("is called for nothing that an API server serves, and already trusted", async () => {
    const text = await node().kubectl(["get", "validatingwebhookconfiguration", release, "--output=json"]);
    const { webhooks } = JSON.parse(text) as Configuration;
    expect(webhooks.flatMap(({ rules }) => rules.flatMap(({ apiGroups }) => apiGroups))).to.deep.equal([
      "countersign.dev",
    ]);
    for (const { clientConfig } of webhooks)
      expect(Buffer.from(clientConfig.caBundle ?? "", "base64").toString()).to.contain("BEGIN CERTIFICATE");
    expect(await node().kubectl(["api-resources", "--api-group=countersign.dev", "--output=name"])).to.equal(
      "",
    );
  });

  it("says in which mode it is, what is next, and what kube-apiserver would have to be told", () => {
    expect(notes).to.contain("Mode: observe.");
    for (const step of ["1. ", "2. ", "3. "]) expect(notes).to.contain(`\n${step}`);
    expect(notes)
      .to.contain("/etc/countersign/admission.yaml")
      .and.to.contain(`${release}.${releaseNamespace}.svc:`);
  });

  it("passes its own test where no token is attested, and shows a caller that enforcing would refuse", async () => {
    expect(await test()).to.contain("mode enforce would refuse it");
  });

  it("passes it where tokens are attested, by one that is accepted", async () => {
    await showNothing(node(), true);
    expect(await test()).to.contain(
      `the caller is system:serviceaccount:${releaseNamespace}:${release}-test`,
    );
  });

  it("leaves none of the test's callers behind", async () => {
    const kinds = "serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,pods,configmaps";
    const names = await node().kubectl(["get", kinds, "--all-namespaces", "--output=name"]);
    expect(names.split("\n").filter((name) => name.includes(`${release}-test`))).to.deep.equal([]);
  });

  it("leaves nothing behind when it is uninstalled, and nothing that blocks", async () => {
    const pods = (await serverPods(node())).map(({ metadata }) => metadata.uid);
    await strictHelm(node().helm, ["uninstall", release, `--namespace=${releaseNamespace}`, "--wait"]);
    await untilGone(node(), pods);
    const kinds = (await node().kubectl(["api-resources", "--verbs=list", "--output=name"]))
      .trim()
      .split("\n");
    const lists = ["get", kinds.join(","), "--all-namespaces", "--output=name"];
    const left = await node().kubectl([...lists, `--selector=app.kubernetes.io/instance=${release}`]);
    expect(left).to.equal("");
    const secrets = await node().kubectl([
      "get",
      "secrets",
      `--namespace=${releaseNamespace}`,
      "--output=name",
    ]);
    expect(secrets).to.equal("");
    await node().kubectl(["create", "configmap", "after", `--namespace=${releaseNamespace}`]);
  });
});
