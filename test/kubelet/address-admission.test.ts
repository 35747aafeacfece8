import { expect } from "chai";
import type { KubeletExchange } from "../../src/kubelet/kubelet-client.ts";
import { rejectionOf } from "../rejection.ts";
import { useKubelet } from "./kubelet-fixture.ts";
import { nodeAt } from "./kubelet-server.ts";

describe("the kubelet client's addresses", () => {
  const fixture = useKubelet();

  describe("dials what was judged", () => {
    const named = (): KubeletExchange["node"] =>
      nodeAt(fixture.kubelet.port, { address: "n1.example", type: "Hostname" });

    it("a name is looked up once for a connection, and verified as that name", async () => {
      const lookups: string[] = [];
      const resolve = async (host: string) => {
        lookups.push(host);
        return ["127.0.0.1"];
      };
      const client = fixture.open({ resolve });
      await fixture.read(client, { node: named() });
      await fixture.read(client, { node: named() });
      expect(lookups).to.deep.equal(["n1.example"]);
      expect(fixture.kubelet.connections.map((socket) => socket.servername)).to.deep.equal(["n1.example"]);
      expect(fixture.kubelet.requests[0]?.headers.host).to.equal(`n1.example:${fixture.kubelet.port}`);
    });

    it("not what the name stands for a moment later", async () => {
      const answers = [["127.0.0.1"], ["10.255.255.1"], ["10.255.255.1"]];
      const resolve = async () => answers.shift() ?? [];
      expect(await fixture.read(fixture.open({ resolve }), { node: named() })).to.equal("ok");
      expect(answers).to.have.length(2);
    });

    it("of several addresses only those that may be dialled", async () => {
      const resolve = async () => ["169.254.169.254", "::1", "127.0.0.1"];
      expect(await fixture.read(fixture.open({ resolve }), { node: named() })).to.equal("ok");
    });

    it("the next one where nobody listens at the first", async () => {
      const resolve = async () => ["127.0.0.2", "127.0.0.1"];
      expect(await fixture.read(fixture.open({ resolve }), { node: named() })).to.equal("ok");
    });

    it("nothing where the API server's name cannot be looked up and the port is its own", async () => {
      const resolve = async () => Promise.reject(new Error("no name server"));
      const client = fixture.open({
        resolve,
        apiServers: [{ host: "api.example", port: fixture.kubelet.port }],
      });
      const { code, message } = await rejectionOf(client.exchange(fixture.asked()));
      expect(code).to.equal("ERR_KUBELET_ADDRESS");
      expect(message).to.contain("cannot be told from the API server, api.example");
      expect(fixture.kubelet.connections).to.have.length(0);
    });

    it("nothing where a name stands for no address", async () => {
      const client = fixture.open({ resolve: async () => [] });
      const { message } = await rejectionOf(client.exchange(fixture.asked({ node: named() })));
      expect(message).to.contain("its name stands for no address");
    });

    it("nothing where none may be", async () => {
      const resolve = async () => ["169.254.169.254", "10.1.2.3"];
      const { code, message } = await rejectionOf(
        fixture.open({ resolve }).exchange(fixture.asked({ node: named() })),
      );
      expect(code).to.equal("ERR_KUBELET_ADDRESS");
      expect(message).to.equal(
        'node "n1": its address "n1.example" is not dialled: 169.254.169.254 is in none of kubelet.addressRanges; 10.1.2.3 is in none of kubelet.addressRanges',
      );
      expect(fixture.kubelet.connections).to.have.length(0);
    });

    it("never loopback where nobody named it", async () => {
      const client = fixture.open({ addressRanges: [] });
      for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"]) {
        const node = nodeAt(fixture.kubelet.port, { address });
        const { code, message } = await rejectionOf(client.exchange(fixture.asked({ node })));
        expect(code, address).to.equal("ERR_KUBELET_ADDRESS");
        expect(message, address)
          .to.contain('node "n1"')
          .and.contain(address)
          .and.contain("kubelet.addressRanges");
      }
      expect(fixture.kubelet.connections).to.have.length(0);
    });

    it("never the API server, by name or by address", async () => {
      const resolve = async () => ["127.0.0.1"];
      for (const host of ["127.0.0.1", "kubernetes.default.svc", "::ffff:127.0.0.1"]) {
        const client = fixture.open({ resolve, apiServers: [{ host, port: fixture.kubelet.port }] });
        const { code, message } = await rejectionOf(client.exchange(fixture.asked()));
        expect(code, host).to.equal("ERR_KUBELET_ADDRESS");
        expect(message, host).to.contain("is the API server itself");
      }
      expect(fixture.kubelet.connections).to.have.length(0);
    });

    it("but a kubelet at another port of the API server's machine", async () => {
      const apiServers = [{ host: "127.0.0.1", port: 6443 }];
      expect(await fixture.read(fixture.open({ apiServers }))).to.equal("ok");
    });

    it("never a port that is not configured", async () => {
      const { code, message } = await rejectionOf(fixture.open({ ports: [10250] }).exchange(fixture.asked()));
      expect(code).to.equal("ERR_KUBELET_ADDRESS");
      expect(message).to.contain("kubelet.ports").and.contain(String(fixture.kubelet.port));
    });
  });
});
