import { expect } from "chai";
import type { Node, NodeAddress } from "../../src/apis/node.ts";
import { connectionInfo } from "../../src/kubelet/connection-info.ts";

function node(addresses: readonly NodeAddress[] | undefined, Port?: number): Node {
  return {
    ...{ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } },
    status: {
      ...(addresses !== undefined && { addresses }),
      ...(Port !== undefined && { daemonEndpoints: { kubeletEndpoint: { Port } } }),
    },
  };
}
const at = (type: string, address: string): NodeAddress => ({ type, address });

describe("connection info", () => {
  const all = [
    at("ExternalIP", "203.0.113.5"),
    at("InternalIP", "10.0.0.5"),
    at("InternalIP", "fd00::5"),
    at("ExternalDNS", "n1.example.com"),
    at("InternalDNS", "n1.internal"),
    at("Hostname", "n1"),
  ];

  it("takes the first address of the first type that there is, kube-apiserver's order by default", () => {
    for (let left = all.length; left > 0; left--) {
      const hosts = ["203.0.113.5", "10.0.0.5", "10.0.0.5", "10.0.0.5", "n1.internal", "n1"];
      expect(connectionInfo(node(all.slice(0, left))).host).to.equal(hosts[left - 1]);
    }
  });

  it("takes the types in the order of the configuration, and no other", () => {
    const addressTypes = ["ExternalIP", "InternalIP"];
    expect(connectionInfo(node(all), { addressTypes }).host).to.equal("203.0.113.5");
    expect(connectionInfo(node(all.slice(1)), { addressTypes }).host).to.equal("10.0.0.5");
    expect(() => connectionInfo(node(all.slice(3)), { addressTypes })).to.throw(
      "no preferred addresses found",
    );
  });

  it("says which addresses there are where none is preferred, in kube-apiserver's words", () => {
    for (const [addresses, text] of [
      [undefined, "[]"],
      [[], "[]"],
      [[at("Other", "10.0.0.5"), at("", "x")], "[{Other 10.0.0.5} { x}]"],
    ] as const) {
      expect(() => connectionInfo(node(addresses)))
        .to.throw('node "n1": no preferred addresses found')
        .with.property("answer")
        .that.includes({ code: 500, message: `no preferred addresses found; known addresses: ${text}` })
        .and.does.not.have.property("reason");
    }
    expect(() => connectionInfo({ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } })).to.throw(
      "no preferred addresses found; known addresses: []",
    );
  });

  it("takes the port that the Node names, and 10250 where it names none", () => {
    const ports = [10250, 10255];
    expect(connectionInfo(node(all, 10255), { ports }).port).to.equal(10255);
    for (const none of [undefined, 0, -1])
      expect(connectionInfo(node(all, none), { ports }).port).to.equal(10250);
  });

  it("refuses a port that is not configured, the default one included", () => {
    for (const [Port, ports] of [
      [22, undefined],
      [443, [10250, 10255]],
      [undefined, [10255]],
      [10250.5, undefined],
    ] as const)
      expect(() => connectionInfo(node(all, Port), { ports }))
        .to.throw('node "n1"')
        .with.property("message")
        .that.contains("kubelet.ports");
  });

  for (const address of [
    "",
    " ",
    "n1:22",
    "10.0.0.5:22",
    "n1/..",
    "user@n1",
    "n1\r\nHost: x",
    "[::1]",
    "fe80::1%eth0",
    "n1#",
    "n1?x",
    "ñ1",
    "-n1",
    "a".repeat(256),
  ])
    it(`refuses ${JSON.stringify(address.slice(0, 20))}, which is no host`, () => {
      expect(() => connectionInfo(node([at("Hostname", address)])))
        .to.throw("neither a host name nor an address")
        .with.property("code", "ERR_KUBELET_ADDRESS");
    });

  for (const address of ["n1", "n1.example.", "my_node", "10.0.0.5", "fd00::5", "::ffff:10.0.0.5", "A.b-c"])
    it(`takes ${address}`, () => {
      expect(connectionInfo(node([at("Hostname", address)])).host).to.equal(address);
    });
});
