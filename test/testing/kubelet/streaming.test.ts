import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { type Kubelet, startKubelet } from "../../../src/testing/kubelet/kubelet.ts";
import { ask } from "../../contract/kubelet/kubelet-request.ts";
import { administratorOf, askForUpgrade } from "./kubelet-connection.ts";

describe("what is interactive at the embedded kubelet", () => {
  let kubelet: Kubelet;
  before(async () => {
    kubelet = await startKubelet({ run: (command) => `ran ${command.join("+")}\n` });
    await kubelet.runPod({ name: "web" });
  });
  after(() => kubelet.stop());
  const asked = async (path: string, method = "GET") => {
    const { url, certificateAuthority } = kubelet;
    const target = { url, caPem: certificateAuthority.certificatePem };
    const { status, text } = await ask(target, path, { certificate: administratorOf(kubelet) }, { method });
    return { status, text };
  };

  for (const path of [
    "/exec/default/web/app?command=id&output=1",
    "/exec/default/web/some-uid/app?command=id&input=1",
    "/attach/default/web/app?error=1",
    "/portForward/default/web",
    "/portForward/default/web/some-uid",
  ])
    it(`returns at ${path} every byte of the protocol that was asked for`, async () => {
      const upgrade = {
        Upgrade: "SPDY/3.1",
        "X-Stream-Protocol-Version": "v4.channel.k8s.io, channel.k8s.io",
      };
      const { head, socket } = await askForUpgrade(kubelet, path, upgrade);
      expect(head.split("\r\n")).to.deep.equal([
        "HTTP/1.1 101 Switching Protocols",
        "Connection: Upgrade",
        "Upgrade: SPDY/3.1",
        "X-Stream-Protocol-Version: v4.channel.k8s.io",
      ]);
      socket.write("\x00\x01bytes");
      const returned = once(socket.resume(), "data");
      expect((await returned)[0]).to.equal("\x00\x01bytes");
      socket.destroy();
    });

  it("accepts a WebSocket as RFC 6455 has it, and the first of its protocols", async () => {
    const { head, socket } = await askForUpgrade(kubelet, "/attach/default/web/app?output=1", {
      Upgrade: "websocket",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Protocol": "v5.channel.k8s.io, v4.channel.k8s.io",
    });
    expect(head).to.contain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(head).to.contain("Sec-WebSocket-Protocol: v5.channel.k8s.io");
    socket.destroy();
  });

  it("upgrades nothing else, and nobody who may not", async () => {
    const upgrade = { Upgrade: "websocket" };
    const refused = async (path: string): Promise<string> => {
      const { head, socket } = await askForUpgrade(kubelet, path, upgrade);
      socket.destroy();
      return head.split("\r\n")[0]!;
    };
    expect(await refused("/metrics")).to.equal("HTTP/1.1 200 OK");
    expect(await refused("/exec/default/none/app?output=1")).to.equal("HTTP/1.1 404 Not Found");
    expect(await refused("/exec/default/web/app")).to.equal("HTTP/1.1 400 Bad Request");
    expect(await refused("/nosuch")).to.equal("HTTP/1.1 404 Not Found");
  });

  it("follows a log to the end of the connection for who asked for another protocol", async () => {
    const pod = await kubelet.runPod({ name: "followed", containers: { app: { log: "one\n" } } });
    const path = "/containerLogs/default/followed/app?follow";
    const { head, socket } = await askForUpgrade(kubelet, path, { Upgrade: "h2c" }, "GET");
    expect(head.split("\r\n")).to.deep.equal(["HTTP/1.1 200 OK", "Connection: close"]);
    pod.container("app").append("two\n");
    await pod.terminateContainer("app");
    expect(await text(socket)).to.equal("one\ntwo\n");
    await pod.remove();
  });

  it("wants a protocol, a pod that is there, and a container that it has", async () => {
    const missing = { status: 500, text: 'container not found ("none")' };
    expect(await asked("/exec/default/web/app?output=1")).to.deep.equal({
      status: 500,
      text: "Upgrade request required\n",
    });
    expect(await asked("/portForward/default/web", "POST")).to.include({ status: 500 });
    expect(await asked("/attach/default/web/none?output=1")).to.deep.equal(missing);
    expect(await asked("/portForward/default/none")).to.deep.equal({
      status: 404,
      text: "pod does not exist",
    });
    expect(await asked("/run/default/web/none", "POST")).to.deep.equal(missing);
  });

  it("runs a command as the test says", async () => {
    expect(await asked("/run/default/web/app?cmd=cat%20/etc/passwd", "POST")).to.deep.equal({
      status: 200,
      text: "ran cat+/etc/passwd\n",
    });
    expect(await asked("/run/default/none/app?cmd=id", "POST")).to.deep.equal({
      status: 404,
      text: "pod does not exist",
    });
  });
});
