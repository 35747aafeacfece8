import { createServer, type Server } from "node:net";
import { expect } from "chai";
import { certificateFailure, connectionFailure } from "../../src/kubelet/kubelet-connection-error.ts";
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

  it("are told at a node's paths as kube-apiserver tells them, and logged with the node's name", () => {
    const peer = { nodeName: "n1", host: "fd00::5", port: 10250 };
    const error = connectionFailure(peer, Object.assign(new Error("x"), { code: "ECONNREFUSED" }));
    expect(error.answer).to.deep.include({
      ...{ code: 503, reason: "ServiceUnavailable" },
      message: "error trying to reach service: dial tcp [fd00::5]:10250: connect: connection refused",
    });
    expect(error.message).to.equal(
      'kubelet of node "n1" (https://[fd00::5]:10250): dial tcp [fd00::5]:10250: connect: connection refused',
    );
    expect(certificateFailure(peer, "x509: bad").answer.message).to.equal(
      "error trying to reach service: tls: failed to verify certificate: x509: bad",
    );
  });

  for (const [code, words] of [
    ["ENOTFOUND", "dial tcp: lookup n1: no such host"],
    ["EAI_AGAIN", "dial tcp: lookup n1: server misbehaving"],
    ["EHOSTUNREACH", "dial tcp n1:10250: connect: no route to host"],
    ["ENETUNREACH", "dial tcp n1:10250: connect: network is unreachable"],
    ["ETIMEDOUT", "dial tcp n1:10250: i/o timeout"],
    ["ECONNRESET", "EOF"],
    ["EPIPE", "write: broken pipe"],
    ["HPE_INVALID_CONSTANT", "net/http: HTTP/1.x transport connection broken (HPE_INVALID_CONSTANT)"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "remote error: tls: unknown ca"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "remote error: tls: certificate required"],
    ["constructor", "the exchange failed (constructor)"],
    ["", "the exchange failed (no code)"],
  ] as const)
    it(`are worded by their code, never by the peer's bytes: ${code}`, () => {
      const peer = { nodeName: "n1", host: "n1", port: 10250 };
      const cause = Object.assign(new Error("what the peer said"), { code });
      expect(connectionFailure(peer, cause).goText).to.equal(words);
    });
});
