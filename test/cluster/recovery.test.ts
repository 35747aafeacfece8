import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import { release, releaseNamespace } from "./helm.ts";
import {
  endsAtOnce,
  install,
  isReady,
  type Pod,
  prepareNamespaces,
  serverPods,
  uninstall,
  type Values,
} from "./installation.ts";
import { pod, registriesValue, trusted } from "./policy-objects.ts";
import { describeOnNode } from "./shared-node.ts";

describeOnNode("a cluster all of whose servers are down, under failurePolicy Fail", (node) => {
  // for every namespace, as far as the chart lets it
  const { namespaceSelector: _, ...everywhere } = registriesValue;
  const values: Values = { policies: [{ ...everywhere, failurePolicy: "Fail" }], server: endsAtOnce };
  const create = (name: string) =>
    node().cluster.kubectl(["create", "--dry-run=server", "-f", "-"], JSON.stringify(pod(name, trusted)));
  const untilReady = (accept: (pods: readonly Pod[]) => boolean = () => true) =>
    poll(
      "two servers to be ready",
      async () => {
        const pods = await serverPods(node());
        return (pods.length === 2 && pods.every(isReady) && accept(pods)) || undefined;
      },
      { timeoutMs: 90_000 },
    );
  const untilAdmitted = () =>
    poll("a Pod to be admitted", async () => (await create("again")).code === 0 || undefined);

  const uidOf = ({ metadata }: Pod): string => metadata.uid;

  before(async () => {
    await prepareNamespaces(node());
    await install(node(), values);
  });
  after(() => uninstall(node()));

  it("gets them back by itself when they are killed all at once", async () => {
    const before = (await serverPods(node())).map(uidOf);
    const killed = [
      "delete",
      "pods",
      "--all",
      "--force",
      "--grace-period=0",
      `--namespace=${releaseNamespace}`,
    ];
    await node().kubectl(killed);
    await untilReady();
    const after = (await serverPods(node())).map(uidOf);
    expect(after.filter((uid) => before.includes(uid))).to.deep.equal([]);
    await untilAdmitted();
  });

  it("gets them back by itself when their processes are killed", async () => {
    const before = await serverPods(node());
    const containers = before.flatMap(({ status }) =>
      (status.containerStatuses ?? []).map((one) => one.containerID),
    );
    expect(containers).to.have.length(2);
    for (const id of containers) {
      const kill = ["tasks", "kill", "--signal=SIGKILL", id.replace("containerd://", "")];
      const { code, stderr } = await node().cluster.namespaces.run(["ctr", "--namespace=k8s.io", ...kill]);
      expect(code, stderr).to.equal(0);
    }
    await untilReady((pods) =>
      pods.every(({ status }) => status.containerStatuses?.every((one) => one.restartCount > 0)),
    );
    await untilAdmitted();
    expect((await serverPods(node())).map(uidOf)).to.have.members(before.map(uidOf));
  });

  it("refuses Pods elsewhere while there is none, and still takes a new Deployment of ours", async () => {
    const gone = ["delete", "deployment", release, `--namespace=${releaseNamespace}`, "--cascade=foreground"];
    await node().kubectl([...gone, "--wait"]);
    expect((await create("refused")).stderr).to.contain("failed calling webhook");
    await install(node(), values);
    await untilReady();
    await untilAdmitted();
  });
});
