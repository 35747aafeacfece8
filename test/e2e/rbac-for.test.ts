import { expect } from "chai";
import type { ReviewClients } from "../../src/transport/review-clients.ts";
import { allowedOf, forRows, openedOf, reviewClientsOf } from "../inspection/access-questions.ts";
import { type ApiClient, createApiClient } from "../rig/api-client.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { strictKubectl } from "../rig/strict-kubectl.ts";
import { grantAsPrinted } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";

await describeWith(["kube-apiserver 1.37"], "kube-apiserver 1.37 and the grants for the gateway", () => {
  let controlPlane: RealControlPlane;
  let client: ApiClient;
  let reviews: ReviewClients;
  before(async () => {
    controlPlane = await startRealControlPlane({});
    const { url, caPem, adminToken } = controlPlane;
    client = createApiClient({ url, caPem, token: adminToken });
    reviews = reviewClientsOf(controlPlane);
    for (const name of ["shop", "other"]) await strictKubectl(controlPlane)(["create", "namespace", name]);
  });
  after(async () => {
    client?.close();
    await reviews?.close();
    await controlPlane?.stop();
  });

  for (const [index, row] of forRows.entries()) {
    const { flags, allowed, opens } = row;

    it(`countersign rbac ${flags.join(" ")} | kubectl apply: SubjectAccessReview allows that, and nothing else`, async () => {
      const user = `holder-${index}`;
      await grantAsPrinted(controlPlane, [...flags, "--service-account", `shop/${user}`]);
      expect(await allowedOf(client, `system:serviceaccount:shop:${user}`)).to.have.members(allowed);
      expect(await openedOf(reviews, `system:serviceaccount:shop:${user}`, row)).to.have.members(opens);
    });
  }

  it("the node whose pods are asked for goes along as a field selector and reaches the API server", async () => {
    const fieldSelector = { rawSelector: "spec.nodeName=n1" };
    const { spec, status } = await reviews.createSubjectAccessReview({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: "nobody",
        resourceAttributes: { verb: "list", version: "v1", resource: "pods", fieldSelector },
      },
    });
    expect(spec.resourceAttributes).to.deep.include({ fieldSelector });
    expect(status).to.deep.include({ allowed: false });
  });

  it("a narrower grant, applied later, takes the place of a wider", async () => {
    const subject = ["--user", "https://issuer/#jane"];
    await grantAsPrinted(controlPlane, ["--for", "kubelet-metrics", ...subject]);
    expect(await allowedOf(client, "https://issuer/#jane")).to.include("get nodes/metrics n2");
    await grantAsPrinted(controlPlane, ["--for", "kubelet-metrics", "--node", "n1", ...subject]);
    expect(await allowedOf(client, "https://issuer/#jane")).to.deep.equal(["get nodes/metrics n1"]);
  });
});
