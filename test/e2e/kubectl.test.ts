import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeKubectl } from "../contract/kubectl.ts";
import { releases, resolveBinary } from "../rig/binaries.ts";
import { run, startProcess } from "../rig/child-process.ts";
import { poll } from "../rig/poll.ts";
import { startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";
import { executable } from "./serve-process.ts";

await describeWith(["kube-apiserver 1.37"], "real kubectl", () => {
  describeKubectl({ name: "kube-apiserver 1.37.0", start: () => startRealControlPlane({}) });

  describeKubectl({
    name: "countersign control-plane",
    async start() {
      const { file } = await resolveBinary("kubectl", releases["kubernetes-1.37"], () => undefined);
      const folder = await mkdtemp(join(tmpdir(), "countersign-kubectl-"));
      const kubeconfig = join(folder, "kubeconfig");
      const args = [executable, "control-plane", `--kubeconfig-out=${kubeconfig}`];
      const server = startProcess({ command: process.execPath, args });
      const kubectl = (flags: readonly string[], input = "") =>
        run(file, flags, { env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig }, input });
      const stop = async (): Promise<void> => {
        await server.stop();
        await rm(folder, { recursive: true, force: true });
      };
      try {
        await poll("countersign control-plane to be ready", async () =>
          (await kubectl(["get", "--raw", "/readyz"])).stdout === "ok" ? true : undefined,
        );
      } catch (error) {
        await stop();
        throw new Error(server.output(), { cause: error });
      }
      return { kubectl, stop };
    },
  });
});
