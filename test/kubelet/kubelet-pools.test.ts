import { existsSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { expect } from "chai";
import { parseCABundle } from "../../src/certificates/ca-bundle.ts";
import type { KubeletIdentity } from "../../src/kubelet/kubelet-identity.ts";
import { createKubeletPools } from "../../src/kubelet/kubelet-pools.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import { useKubelet } from "./kubelet-fixture.ts";
import { authority, keyPair, nodeAt, otherAuthority } from "./kubelet-server.ts";

const context = createSecureContext();

describe("the kubelet client's pools", () => {
  const fixture = useKubelet();

  describe("keeps connections", () => {
    it("of one node for the next request", async () => {
      const client = fixture.open();
      await fixture.read(client);
      await fixture.read(client);
      expect(fixture.kubelet.connections).to.have.length(1);
    });

    it("of one transport from the other, in both directions", async () => {
      const client = fixture.open();
      for (const transport of ["verified", "insecure", "verified", "insecure"] as const)
        await fixture.read(client, { transport });
      expect(fixture.kubelet.connections).to.have.length(2);
    });

    it("of one node from another, at the same address too", async () => {
      const client = fixture.open({ nodeNames: "ignore" });
      await fixture.read(client);
      await fixture.read(client, { node: nodeAt(fixture.kubelet.port, { name: "n2" }) });
      expect(fixture.kubelet.connections).to.have.length(2);
    });

    it("of one identity from another: a renewed certificate is shown at once, and the old one's connections go", async () => {
      let pair = keyPair(authority.issue({ commonName: "old" }));
      const client = fixture.open({ clientCertificate: () => pair });
      await fixture.read(client);
      pair = keyPair(authority.issue({ commonName: "new" }));
      await fixture.read(client);
      expect(fixture.kubelet.clientNames).to.deep.equal(["CN=old", "CN=new"]);
      await poll("the old one's end", () => fixture.kubelet.connections[0]?.destroyed || undefined);
    });

    it("no longer once the kubelets' CA is another", async () => {
      let bundle = parseCABundle(authority.certificatePem, "a");
      const client = fixture.open({ ca: () => bundle });
      await fixture.read(client);
      bundle = parseCABundle(otherAuthority.certificatePem, "b");
      const { code } = await rejectionOf(client.exchange(fixture.asked()));
      expect(code).to.equal("ERR_KUBELET_CERTIFICATE");
      expect(fixture.kubelet.requests).to.have.length(1);
    });

    it("and never resumes a TLS session: every connection shows its certificate", async () => {
      const client = fixture.open();
      fixture.kubelet.handle = (_request, response) =>
        void response.writeHead(200, { Connection: "close" }).end("ok");
      for (let count = 0; count < 3; count++) await fixture.read(client);
      expect(fixture.kubelet.resumptions).to.deep.equal([false, false, false]);
    });

    const table = "/proc/net/tcp";
    (existsSync(table) ? it : it.skip)(
      "with probes, so that a peer that went without a word is noticed",
      async () => {
        fixture.kubelet.handle = (_request, response) => void response.write("line\n");
        const { body } = await fixture.open().exchange(fixture.asked());
        const peer = fixture.kubelet.port.toString(16).toUpperCase().padStart(4, "0");
        const ours = new RegExp(`^ *\\d+: 0100007F:[0-9A-F]+ 0100007F:${peer} 01 [0-9A-F:]+ (\\d\\d):`, "m");
        // 02: the timer that is running is that of the probes (Documentation/networking/proc_net_tcp)
        await poll(
          "the timer of the probes",
          () => ours.exec(readFileSync(table, "utf8"))?.[1] === "02" || undefined,
        );
        body.destroy();
      },
    );
  });

  describe("sends a request anew", () => {
    for (const [how, end] of [
      ["is cut", (socket: Socket) => socket.destroy()],
      ["is ended in order", (socket: Socket) => socket.end()],
    ] as const)
      it(`where a kept connection ${how} before a byte of an answer`, async () => {
        const client = fixture.open();
        fixture.kubelet.handle = (request, response) => {
          if (fixture.kubelet.requests.length === 2) end(request.socket);
          else response.end("ok");
        };
        await fixture.read(client);
        expect(await fixture.read(client)).to.equal("ok");
        expect(fixture.kubelet.requests).to.have.length(3);
      });

    it("but not one that is neither GET nor HEAD", async () => {
      const client = fixture.open();
      fixture.kubelet.handle = (request, response) => {
        if (fixture.kubelet.requests.length === 2) request.socket.destroy();
        else response.end("ok");
      };
      await fixture.read(client);
      const { code } = await rejectionOf(client.exchange(fixture.asked({ method: "POST" })));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(fixture.kubelet.requests).to.have.length(2);
    });

    it("nor once a byte of an answer has come", async () => {
      const client = fixture.open();
      fixture.kubelet.handle = (request, response) => {
        if (fixture.kubelet.requests.length === 2) request.socket.end("HTTP/1.1 20");
        else response.end("ok");
      };
      await fixture.read(client);
      const { code } = await rejectionOf(client.exchange(fixture.asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(fixture.kubelet.requests).to.have.length(2);
    });

    it("nor on a connection that was opened for it", async () => {
      fixture.kubelet.handle = (request) => void request.socket.destroy();
      const { code, message } = await rejectionOf(fixture.open().exchange(fixture.asked()));
      expect({ code, message }).to.deep.equal({
        code: "ERR_KUBELET_UNREACHABLE",
        message: `kubelet of node "n1" (https://127.0.0.1:${fixture.kubelet.port}): EOF`,
      });
      expect(fixture.kubelet.requests).to.have.length(1);
    });
  });

  it("are 1 024 at most: the one that was used least recently goes first", () => {
    const pools = createKubeletPools();
    const identity: KubeletIdentity = { contexts: { verified: context, insecure: context } };
    const dial = () => Promise.reject(new Error("nobody is dialled"));
    const poolOf = (count: number) =>
      pools.get(
        { peer: { nodeName: `n${count}`, host: "10.0.0.5", port: 10250 }, transport: "verified", identity },
        dial,
      );
    const all = Array.from({ length: 1024 }, (_, count) => poolOf(count));
    expect(new Set(all).size).to.equal(1024);
    expect(poolOf(0)).to.equal(all[0]);
    poolOf(1024);
    expect(poolOf(0), "it was used since").to.equal(all[0]);
    expect(poolOf(1), "it was not").not.to.equal(all[1]);
    pools.close();
  });
});
