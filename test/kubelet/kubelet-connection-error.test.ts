import { createServer, type Server } from "node:net";
import { expect } from "chai";
import { rejectionOf } from "../rejection.ts";
import { useKubelet } from "./kubelet-fixture.ts";
import { keyPair, nodeAt, otherAuthority, startKubeletServer } from "./kubelet-server.ts";

describe("the kubelet client's failures", () => {
  const fixture = useKubelet();

  describe("explains why it could not reach one, as Go's client does", () => {
    it("nobody listens", async () => {
      const { port } = fixture.kubelet;
      await fixture.kubelet.close();
      const { code, message } = await rejectionOf(fixture.open().exchange(fixture.asked()));
      fixture.kubelet = await startKubeletServer();
      expect({ code, message }).to.deep.equal({
        code: "ERR_KUBELET_UNREACHABLE",
        message: `kubelet of node "n1" (https://127.0.0.1:${port}): dial tcp 127.0.0.1:${port}: connect: connection refused`,
      });
    });

    it("whoever listens speaks no TLS", async () => {
      const plain: Server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      });
      await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
      const { port } = plain.address() as { port: number };
      const { code, message } = await rejectionOf(
        fixture.open({ ports: [port] }).exchange(fixture.asked({ node: nodeAt(port) })),
      );
      plain.close();
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(message).to.contain("http: server gave HTTP response to HTTPS client");
    });

    it("the kubelet does not accept the client certificate", async () => {
      const stranger = keyPair(otherAuthority.issue({ commonName: "stranger" }));
      const { code, message } = await rejectionOf(
        fixture.open({ clientCertificate: () => stranger }).exchange(fixture.asked()),
      );
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(message).to.match(/remote error: tls: |EOF/);
    });

    it("its name is unknown", async () => {
      const resolve = async () => Promise.reject(Object.assign(new Error("x"), { code: "ENOTFOUND" }));
      const node = nodeAt(fixture.kubelet.port, { address: "n1.example", type: "Hostname" });
      const { message } = await rejectionOf(fixture.open({ resolve }).exchange(fixture.asked({ node })));
      expect(message).to.contain("dial tcp: lookup n1.example: no such host");
    });
  });
});
