import { describeContract } from "../contract/contract.ts";
import { startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";

await describeWith(["kube-apiserver 1.37"], "contract", () => {
  describeContract({
    name: "kube-apiserver 1.37.0",
    async start(options) {
      const controlPlane = await startRealControlPlane({ ...options, aggregation: true });
      return { ...controlPlane, forgetHistory: () => controlPlane.restart({}) };
    },
  });
});
