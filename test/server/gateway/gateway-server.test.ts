import { expect } from "chai";
import { until } from "../../until.ts";
import {
  type GatewayRig,
  type RunningGateway,
  readsLogs,
  readsMetrics,
  startGateway,
  startGatewayRig,
} from "./running-gateway.ts";

const logPath = "/api/v1/namespaces/default/pods/web/log";

describe("a gateway", function () {
  // a control plane and a kubelet start on a busy machine
  this.timeout(60_000);
  let rig: GatewayRig;
  let running: RunningGateway | undefined;
  before(async () => {
    rig = await startGatewayRig();
    await rig.kubelet.runPod({ name: "web", containers: { app: {} } });
    await rig.grant("jane", readsLogs);
  });
  after(() => rig.close());
  afterEach(() => running?.server.close());

  it("serves a pod's log", async () => {
    running = await startGateway(rig);
    const answer = await running.call(logPath, { as: rig.user("jane") });
    expect(answer).to.include({ status: 200 });
  });
});
