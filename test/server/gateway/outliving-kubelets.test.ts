import { EventEmitter } from "node:events";
import { expect } from "chai";
import type { KubeletClient, KubeletExchange } from "../../../src/kubelet/kubelet-client.ts";
import { createOutlivingKubelets } from "../../../src/server/gateway/outliving-kubelets.ts";

const request: KubeletExchange = {
  node: { apiVersion: "v1", kind: "Node", metadata: { name: "a" } },
  transport: "verified",
  method: "GET",
  path: "/metrics",
  headers: [],
};

describe("kubelets that outlive their configuration", () => {
  let closed: number;
  const streams: EventEmitter[] = [];
  const stream = <T>(): T => {
    const emitter = new EventEmitter();
    streams.push(emitter);
    return emitter as T;
  };
  /** A client whose answers end when the test says so. */
  const inner = (): KubeletClient => ({
    exchange: async () => ({ status: 200, body: stream(), origin: "https://a" }),
    upgrade: async () => ({ status: 101, headers: [], socket: stream(), head: Buffer.of() }),
    close() {
      closed += 1;
    },
  });
  beforeEach(() => {
    closed = 0;
    streams.length = 0;
  });

  it("are closed at once where nothing goes on", () => {
    createOutlivingKubelets(inner()).close();
    expect(closed).to.equal(1);
  });

  it("are closed when the last of what goes on has ended", async () => {
    const kubelets = createOutlivingKubelets(inner());
    await kubelets.exchange(request);
    await kubelets.upgrade(request);
    kubelets.close();
    expect(closed).to.equal(0);
    streams[0]!.emit("close");
    expect(closed).to.equal(0);
    streams[1]!.emit("close");
    expect(closed).to.equal(1);
  });

  it("do not wait for what never began", async () => {
    const failing = async (): Promise<never> => {
      throw new Error("nobody there");
    };
    const kubelets = createOutlivingKubelets({ ...inner(), exchange: failing, upgrade: failing });
    for (const reach of [kubelets.exchange(request), kubelets.upgrade(request)])
      expect(await reach.catch((error: Error) => error.message)).to.equal("nobody there");
    kubelets.close();
    expect(closed).to.equal(1);
  });

  it("wait for what is on its way when they are closed", async () => {
    const kubelets = createOutlivingKubelets(inner());
    const answered = kubelets.exchange(request);
    kubelets.close();
    await answered;
    expect(closed).to.equal(0);
    streams[0]!.emit("close");
    expect(closed).to.equal(1);
  });
});
