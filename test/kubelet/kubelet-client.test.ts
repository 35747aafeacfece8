import { buffer, text } from "node:stream/consumers";
import { expect } from "chai";
import { diagnosticsChannel, type KubeletMessage } from "../../src/diagnostics.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import { useKubelet } from "./kubelet-fixture.ts";
import { nodeAt } from "./kubelet-server.ts";

describe("the kubelet client", () => {
  const fixture = useKubelet();

  describe("says what it was given", () => {
    it("the path to the byte, the address as Host, and of the headers those that are allowed", async () => {
      const headers = ["Accept", "a/b", "Authorization", "Bearer x", "Cookie", "c=d", "user-agent", "me"];
      expect(await fixture.read(fixture.open(), { path: "/pods//%2e%2E/?x=%zz&x", headers })).to.equal("ok");
      const [request] = fixture.kubelet.requests;
      expect(request?.url).to.equal("/pods//%2e%2E/?x=%zz&x");
      expect(request?.rawHeaders).to.deep.equal([
        ...["Host", `127.0.0.1:${fixture.kubelet.port}`, "Accept", "a/b", "user-agent", "me"],
        ...["Connection", "keep-alive"],
      ]);
    });

    it("and nothing where the path is none", async () => {
      for (const path of ["", "*", "https://evil.example/pods", "pods", "?x"]) {
        const { code } = await rejectionOf(fixture.open().exchange(fixture.asked({ path })));
        expect(code, path).to.equal("ERR_REQUEST_PATH");
      }
      expect(fixture.kubelet.connections).to.have.length(0);
    });

    it("a body with its length and type", async () => {
      fixture.kubelet.handle = async (request, response) => void response.end(await buffer(request));
      const headers = ["Transfer-Encoding", "chunked", "Content-Length", "3", "Content-Type", "a/b"];
      expect(
        await fixture.read(fixture.open(), { method: "POST", headers, body: Buffer.from("12345") }),
      ).to.equal("12345");
      const { headers: got } = fixture.kubelet.requests[0]!;
      expect(got).to.include({ "content-length": "5", "content-type": "a/b" });
      expect(got).not.to.have.property("transfer-encoding");
    });

    it("the length of no body, where the method has one", async () => {
      await fixture.read(fixture.open(), { method: "POST" });
      expect(fixture.kubelet.requests[0]?.headers).to.include({ "content-length": "0" });
    });

    it("its client certificate, on both transports", async () => {
      const client = fixture.open();
      await fixture.read(client);
      await fixture.read(client, { transport: "insecure" });
      expect(fixture.kubelet.clientNames).to.deep.equal(["O=gateways\nCN=gateway", "O=gateways\nCN=gateway"]);
    });
  });

  describe("answers", () => {
    it("with the kubelet's head, whatever its status", async () => {
      fixture.kubelet.handle = (_request, response) =>
        void response.writeHead(418, { "X-One": "1" }).end("short");
      const { status, origin, body } = await fixture.open().exchange(fixture.asked());
      expect({ status, origin }).to.deep.equal({
        status: 418,
        origin: `https://127.0.0.1:${fixture.kubelet.port}`,
      });
      expect(body.headers).to.include({ "x-one": "1" });
      expect(await text(body)).to.equal("short");
    });

    it("with a redirect, which it does not follow", async () => {
      fixture.kubelet.handle = (_request, response) =>
        void response.writeHead(302, { Location: "/elsewhere" }).end();
      const { status, body } = await fixture.open().exchange(fixture.asked());
      await text(body);
      expect(status).to.equal(302);
      expect(fixture.kubelet.requests).to.have.length(1);
    });

    it("as fast as it is read, and no faster", async () => {
      const piece = Buffer.alloc(1 << 20);
      let written = 0;
      fixture.kubelet.handle = (_request, response) => {
        const more = (): void => {
          while (response.writable) {
            written += piece.length;
            if (!response.write(piece)) return void response.once("drain", more);
          }
        };
        more();
      };
      const { body } = await fixture.open().exchange(fixture.asked());
      let before = -1;
      // what nobody reads stays with the kubelet, but for what the sockets' buffers hold
      await poll("the kubelet to stop", () => {
        const isStill = written === before;
        before = written;
        return isStill && written > 0 ? true : undefined;
      });
      expect(written).to.be.lessThan(64 << 20);
      body.destroy();
    });

    it("with the end of a body that the kubelet breaks off as a failure, never as an end", async () => {
      fixture.kubelet.handle = (_request, response) => {
        response.writeHead(200, { "Content-Length": "10" });
        response.write("12345", () => response.destroy());
      };
      const { body } = await fixture.open().exchange(fixture.asked());
      const failed = await text(body).then(
        () => false,
        () => true,
      );
      expect(failed).to.equal(true);
    });
  });

  it("tells how each exchange went, and nothing where its caller gave up", async () => {
    const told: KubeletMessage[] = [];
    const listen = (message: unknown): void => void told.push(message as KubeletMessage);
    const channel = diagnosticsChannel("countersign:kubelet");
    channel.subscribe(listen);
    try {
      const client = fixture.open();
      await fixture.read(client);
      await rejectionOf(client.exchange(fixture.asked({ node: nodeAt(1) })));
      await client.exchange(fixture.asked({ signal: AbortSignal.abort() })).catch(() => undefined);
    } finally {
      channel.unsubscribe(listen);
    }
    const told_ = told.map(({ node, transport, outcome, status, code }) => ({
      ...{ node, transport, outcome },
      ...(status !== undefined && { status }),
      ...(code !== undefined && { code }),
    }));
    expect(told_).to.deep.equal([
      { node: "n1", transport: "verified", outcome: "answered", status: 200 },
      { node: "n1", transport: "verified", outcome: "failed", code: "ERR_KUBELET_ADDRESS" },
    ]);
  });
});
