import { startControlPlane } from "../../src/testing/control-plane.ts";
import { describeContract } from "../contract/contract.ts";

describeContract({
  name: "the embedded control plane",
  async start({ attestations }) {
    const controlPlane = await startControlPlane({ webhookTokens: attestations });
    const { url, caPem, adminToken, stop } = controlPlane;
    return { url, caPem, adminToken, stop, forgetHistory: async () => controlPlane.forgetHistory() };
  },
});
