import { expect } from "chai";
import { allowedOf, forRows } from "../inspection/access-questions.ts";
import { type ApiClient, createApiClient } from "../rig/api-client.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { strictKubectl } from "../rig/strict-kubectl.ts";
import { grantAsPrinted } from "./package-commands.ts";
import { describeWith } from "./requirements.ts";

await describeWith(["kube-apiserver 1.37"], "kube-apiserver 1.37 and the grants for the gateway", () => {
  let controlPlane: RealControlPlane;
  let client: ApiClient;
  before(async () => {
    controlPlane = await startRealControlPlane({});
    const { url, caPem, adminToken } = controlPlane;
    client = createApiClient({ url, caPem, token: adminToken });
    for (const name of ["shop", "other"]) await strictKubectl(controlPlane)(["create", "namespace", name]);
  });
  after(async () => {
    client?.close();
    await controlPlane?.stop();
  });

  for (const [index, { flags, allowed }] of forRows.entries())
    it(`countersign rbac ${flags.join(" ")} | kubectl apply: SubjectAccessReview allows that, and nothing else`, async () => {
      const user = `holder-${index}`;
      await grantAsPrinted(controlPlane, [...flags, "--service-account", `shop/${user}`]);
      expect(await allowedOf(client, `system:serviceaccount:shop:${user}`)).to.have.members(allowed);
    });

  it("a narrower grant, applied later, takes the place of a wider", async () => {
    const subject = ["--user", "https://issuer/#jane"];
    await grantAsPrinted(controlPlane, ["--for", "kubelet-metrics", ...subject]);
    expect(await allowedOf(client, "https://issuer/#jane")).to.include("get nodes/metrics n2");
    await grantAsPrinted(controlPlane, ["--for", "kubelet-metrics", "--node", "n1", ...subject]);
    expect(await allowedOf(client, "https://issuer/#jane")).to.deep.equal(["get nodes/metrics n1"]);
  });
});
