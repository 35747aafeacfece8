import { describeAuthentication } from "./authentication.ts";
import { describeAuthorization } from "./authorization.ts";
import { describeFollowing } from "./following.ts";
import type { KubeletContract, KubeletTarget } from "./kubelet-target.ts";
import { describeLogs } from "./logs.ts";
import { describePaths } from "./paths.ts";

/** What a container runtime takes on a busy machine to start a pod. */
const caseTimeoutMs = 120_000;

/**
 * What the gateway, and whoever else calls a kubelet, may expect of it. Written once against a kubelet 1.37.0; the embedded
 * one has to answer alike.
 */
export function describeKubeletContract(name: string, start: () => Promise<KubeletTarget>): void {
  describe(`the kubelet's contract on ${name}`, function () {
    this.timeout(caseTimeoutMs);
    let target: KubeletTarget | undefined;
    before(async () => {
      target = await start();
    });
    after(() => target?.stop());
    let count = 0;
    const contract: KubeletContract = {
      target() {
        if (target === undefined) throw new Error("the kubelet is used before it has started");
        return target;
      },
      unique: (stem) => `${stem}-${++count}`,
    };
    describeAuthentication(contract);
    describeAuthorization(contract);
    describePaths(contract);
    describeLogs(contract);
    describeFollowing(contract);
  });
}
