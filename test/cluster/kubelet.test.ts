import { describeKubeletContract } from "../contract/kubelet/kubelet-contract.ts";
import { kubeletTarget } from "./kubelet-target.ts";
import { describeOnNode } from "./shared-node.ts";

describeOnNode("a kubelet that nobody made for tests", (node) => {
  describeKubeletContract("a kubelet 1.37", async () => kubeletTarget(node()));
});
