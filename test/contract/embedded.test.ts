import { startControlPlane } from "../../src/testing/control-plane.ts";
import { describeContract } from "./contract.ts";

describeContract({
  name: "the embedded control plane",
  cannot: {
    "answers an HTTP error is told of in client-go's words":
      "our webhook client says the HTTP status and the webhook's own words",
  },
  async start({ attestations }) {
    const controlPlane = await startControlPlane({
      webhookTokens: attestations,
      // KEP-2510's field, which kube-apiserver drops
      authenticationSource: false,
      // 1.37 has only v1
      selfSubjectReviews: { selfSubjectReview: ["v1"], selfSubjectAttributesReview: false },
    });
    return { ...controlPlane, forgetHistory: async () => controlPlane.forgetHistory() };
  },
});
