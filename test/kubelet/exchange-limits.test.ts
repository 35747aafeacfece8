import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import { useKubelet } from "./kubelet-fixture.ts";
import { nodeAt } from "./kubelet-server.ts";

describe("the kubelet client's limits", () => {
  const fixture = useKubelet();

  describe("gives up", () => {
    it("with the caller, before an answer: the connection goes", async () => {
      const controller = new AbortController();
      fixture.kubelet.handle = () => controller.abort(new Error("gone"));
      const outcome = fixture.open().exchange(fixture.asked({ signal: controller.signal }));
      expect(await outcome.catch((error: Error) => error.message)).to.equal("gone");
      await poll("its end", () => fixture.kubelet.connections[0]?.destroyed || undefined);
    });

    it("with the caller, in the middle of an answer: the connection goes", async () => {
      const controller = new AbortController();
      fixture.kubelet.handle = (_request, response) => void response.write("line\n");
      const { body } = await fixture.open().exchange(fixture.asked({ signal: controller.signal }));
      body.once("data", () => controller.abort());
      await text(body).catch(() => undefined);
      await poll("its end", () => fixture.kubelet.connections[0]?.destroyed || undefined);
    });

    it("with a caller that had given up before, without a dial", async () => {
      const signal = AbortSignal.abort(new Error("gone"));
      const outcome = fixture.open().exchange(fixture.asked({ signal }));
      expect(await outcome.catch((error: Error) => error.message)).to.equal("gone");
      expect(fixture.kubelet.connections).to.have.length(0);
    });

    it("where the answer's reader stops: the connection goes", async () => {
      fixture.kubelet.handle = (_request, response) => void response.write("line\n");
      const { body } = await fixture.open().exchange(fixture.asked());
      body.destroy();
      await poll("its end", () => fixture.kubelet.connections[0]?.destroyed || undefined);
    });

    it("after its time without an answer", async () => {
      fixture.kubelet.handle = () => undefined;
      const { code, message } = await rejectionOf(fixture.open({ timeoutMs: 50 }).exchange(fixture.asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(message).to.contain("timeout awaiting response headers");
    });

    it("after its time where the name server does not answer, of an upgrade too", async () => {
      const client = fixture.open({ timeoutMs: 50, resolve: () => new Promise(() => undefined) });
      const node = nodeAt(fixture.kubelet.port, { address: "n1.example", type: "Hostname" });
      const headers = ["Upgrade", "websocket"];
      for (const outcome of [
        client.exchange(fixture.asked({ node })),
        client.upgrade(fixture.asked({ node, headers })),
      ])
        expect((await rejectionOf(outcome)).message).to.contain("timeout awaiting response headers");
    });

    it("after its time where the kubelet accepts and never shakes hands, of an upgrade too", async () => {
      const accepted: Socket[] = [];
      const silent = createServer((socket) => void accepted.push(socket.resume()));
      await once(silent.listen(0, "127.0.0.1"), "listening");
      const { port } = silent.address() as AddressInfo;
      const client = fixture.open({ timeoutMs: 50, ports: [port] });
      const node = nodeAt(port);
      try {
        for (const outcome of [
          client.exchange(fixture.asked({ node })),
          client.exchange(fixture.asked({ node, transport: "insecure" })),
          client.upgrade(fixture.asked({ node, headers: ["Upgrade", "websocket"] })),
        ])
          expect((await rejectionOf(outcome)).message).to.contain("timeout awaiting response headers");
        await poll("their end", () => accepted.every(({ destroyed }) => destroyed) || undefined);
      } finally {
        for (const socket of accepted) socket.destroy();
        silent.close();
      }
    });

    it("but not in the middle of an answer, however long it takes", async () => {
      let finish: (() => void) | undefined;
      fixture.kubelet.handle = (_request, response) => {
        response.write("begun ");
        finish = () => response.end("and ended");
      };
      const client = fixture.open({ timeoutMs: 500 });
      const { body } = await client.exchange(fixture.asked());
      // its time passes for another one, which began later
      fixture.kubelet.handle = () => undefined;
      await rejectionOf(client.exchange(fixture.asked()));
      finish?.();
      expect(await text(body)).to.equal("begun and ended");
    });

    it("with everybody, once it is closed", async () => {
      fixture.kubelet.handle = () => fixture.closeClients();
      const { code } = await rejectionOf(fixture.open().exchange(fixture.asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
    });

    it("where a switch of protocols is answered that nobody asked for", async () => {
      fixture.kubelet.handle = (request) =>
        void request.socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        );
      const { code } = await rejectionOf(fixture.open().exchange(fixture.asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
    });

    it("where the answer is no HTTP, or frames its body in two ways", async () => {
      for (const head of [
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
      ]) {
        fixture.kubelet.handle = (request) => void request.socket.write(head);
        const { code, message } = await rejectionOf(fixture.open().exchange(fixture.asked()));
        expect(code, head).to.equal("ERR_KUBELET_UNREACHABLE");
        expect(message, head).to.contain("transport connection broken");
      }
    });
  });
});
