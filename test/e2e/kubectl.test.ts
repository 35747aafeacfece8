import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControlPlane } from "../../src/testing/control-plane.ts";
import { describeKubectl } from "../contract/kubectl.ts";
import { releases, resolveBinary } from "../rig/binaries.ts";
import { run } from "../rig/child-process.ts";
import { startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";

await describeWith(["kube-apiserver 1.37"], "real kubectl", () => {
  describeKubectl({ name: "kube-apiserver 1.37.0", start: () => startRealControlPlane({}) });

  describeKubectl({
    name: "the embedded control plane",
    async start() {
      const { file } = await resolveBinary("kubectl", releases["kubernetes-1.37"], () => undefined);
      const controlPlane = await startControlPlane();
      const folder = await mkdtemp(join(tmpdir(), "countersign-kubectl-"));
      const kubeconfig = join(folder, "kubeconfig");
      await controlPlane.writeKubeconfig(kubeconfig);
      return {
        kubectl: (args, input = "") =>
          run(file, args, { env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig }, input }),
        async stop() {
          await controlPlane.stop();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  });
});
