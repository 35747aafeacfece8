import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { expect } from "chai";
import type { IssuedCertificate } from "../../../src/testing/certificates/certificate-authority.ts";
import { until } from "../../until.ts";
import { type GatewayRig, type RunningGateway, startGateway, startGatewayRig } from "./running-gateway.ts";

const exec = "/api/v1/nodes/node-1/proxy/exec/default/web/app?command=ls&output=1";

/** What became of an upgrade: the other protocol's connection, or the status of a refusal. */
interface Upgraded {
  readonly status: number;
  readonly socket?: Duplex;
}

describe("connections that become another protocol's, through a gateway", function () {
  // a control plane and a kubelet start on a busy machine
  this.timeout(60_000);
  let rig: GatewayRig;
  let running: RunningGateway | undefined;
  let reader: IssuedCertificate;
  let operator: IssuedCertificate;
  before(async () => {
    rig = await startGatewayRig();
    await rig.kubelet.runPod({ name: "web" });
    const proxy = { apiGroups: [""], resources: ["nodes/proxy"] };
    await rig.grant("reader", { ...proxy, verbs: ["get"] });
    await rig.grant("operator", { ...proxy, verbs: ["create"] });
    [reader, operator] = [rig.user("reader"), rig.user("operator")];
  });
  after(() => rig.close());
  afterEach(async () => {
    await running?.server.close();
    running = undefined;
  });

  const upgrade = (as: IssuedCertificate, path = exec, method = "GET"): Promise<Upgraded> =>
    new Promise((resolve, reject) => {
      const request = httpsRequest({
        ...{ host: "127.0.0.1", port: running!.port, path, method, agent: false },
        ...{ ca: rig.servingCA.certificatePem, cert: as.certificatePem, key: as.keyPem },
        headers: {
          Connection: "Upgrade",
          Upgrade: "SPDY/3.1",
          "X-Stream-Protocol-Version": "v4.channel.k8s.io",
        },
      });
      request.once("upgrade", ({ statusCode: status = 0 }, socket) => resolve({ status, socket }));
      request.once("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0 });
      });
      request.once("error", reject).end();
    });
  const turnedOn = { kubelet: { interactive: ["exec"] }, drain: { delay: "0s", timeout: "300ms" } };
  const sentToKubelet = (): number =>
    rig.kubelet.requests().filter(({ url }) => url.startsWith("/exec/")).length;

  it("are none where that is not turned on, whoever asks", async () => {
    running = await startGateway(rig);
    expect((await upgrade(operator)).status).to.be.within(400, 499);
    expect((await upgrade(operator, exec, "POST")).status).to.be.within(400, 499);
    expect(sentToKubelet()).to.equal(0);
  });

  it("need leave to create, though they come as GET", async () => {
    running = await startGateway(rig, turnedOn);
    expect(await upgrade(reader)).to.deep.equal({ status: 403 });
    expect(sentToKubelet()).to.equal(0);
  });

  it("pass every byte both ways, are counted, and outlive a reload that turns them off", async () => {
    running = await startGateway(rig, turnedOn);
    const { status, socket } = await upgrade(operator);
    expect(status).to.equal(101);
    let echoed = "";
    socket!.on("data", (chunk: Buffer) => {
      echoed += chunk.toString();
    });
    socket!.write("there and back");
    await until(() => echoed === "there and back");
    await running.reload();
    socket!.write(" again");
    await until(() => echoed === "there and back again");
    expect((await upgrade(operator)).status).to.be.within(400, 499);
    const streams = async (): Promise<string | undefined> =>
      /open_streams (\d+)/.exec((await running!.admin("/metrics")).text)?.[1];
    expect(await streams()).to.equal("1");
    socket!.destroy();
    await until(async () => (await streams()) === "0");
  });

  it("are cut after drain.timeout, and counted", async () => {
    running = await startGateway(rig, turnedOn);
    const { socket } = await upgrade(operator);
    const cut = new Promise((resolve) =>
      socket!
        .resume()
        .once("error", () => undefined)
        .once("close", resolve),
    );
    await running.server.close();
    await cut;
    const told = running.log().find(({ msg }) => msg === "connections cut after drain.timeout");
    expect(told).to.include({ connections: 1 });
  });

  it("are none on a path that is only read", async () => {
    running = await startGateway(rig, turnedOn);
    await rig.grant("scraper", { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["*"] });
    expect((await upgrade(rig.user("scraper"), "/api/v1/nodes/node-1/proxy/metrics")).status).to.equal(400);
  });
});
