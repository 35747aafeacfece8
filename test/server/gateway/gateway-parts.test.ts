import { expect } from "chai";
import {
  type GatewayRig,
  type RunningGateway,
  readsLogs,
  startGateway,
  startGatewayRig,
} from "./running-gateway.ts";

describe("a gateway's parts", function () {
  // a control plane and a kubelet start on a busy machine
  this.timeout(60_000);
  let rig: GatewayRig;
  let running: RunningGateway | undefined;
  before(async () => {
    rig = await startGatewayRig();
    await rig.kubelet.runPod({ name: "web", containers: { app: { log: "one\n" } } });
    await rig.grant("jane", readsLogs);
  });
  after(() => rig.close());
  afterEach(async () => {
    await running?.server.close();
    running = undefined;
    rig.kubelet.useCertificate("valid");
  });

  for (const [insecureBackend, isTold] of [
    ["allow", true],
    ["authorize", true],
    ["deny", false],
  ] as const)
    it(`${isTold ? "tell" : "do not tell"} of kubectl's flag for expired certificates where insecureBackend is ${insecureBackend}`, async () => {
      rig.kubelet.useCertificate("expired");
      running = await startGateway(rig, { authorization: { insecureBackend } });
      const path = "/api/v1/namespaces/default/pods/web/log";
      const { status, body } = await running.call(path, { as: rig.user("jane") });
      expect(status).to.equal(500);
      expect(body).to.contain("certificate has expired");
      expect(body.includes("--insecure-skip-tls-verify-backend")).to.equal(isTold);
    });
});
