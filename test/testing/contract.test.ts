import { startControlPlane } from "../../src/testing/control-plane.ts";
import { describeContract } from "../contract/contract.ts";

describeContract({
  name: "the embedded control plane",
  cannot: {
    "lose a field that the API does not know": "clientConfig.authenticationSource is kept here, for KEP-2510",
    "are refused with an unknown field when the client asks for strictness":
      "fields are not validated against a schema here",
  },
  async start({ attestations }) {
    const controlPlane = await startControlPlane({ webhookTokens: attestations });
    const { url, caPem, adminToken, stop } = controlPlane;
    return { url, caPem, adminToken, stop, forgetHistory: async () => controlPlane.forgetHistory() };
  },
});
