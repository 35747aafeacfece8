import { expect } from "chai";
import type { ApiObject, JsonObject } from "../../../src/testing/objects/api-object.ts";
import { nodeCells } from "../../../src/testing/representations/node-cells.ts";

const node = (
  parts: { labels?: Record<string, string>; spec?: JsonObject; status?: JsonObject } = {},
): ApiObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1", ...(parts.labels !== undefined && { labels: parts.labels }) },
  spec: parts.spec ?? {},
  status: parts.status ?? {},
});
const ready = (status: string) => ({
  conditions: [
    { type: "DiskPressure", status: "True" },
    { type: "Ready", status },
  ],
});

describe("what kubectl shows of a node", () => {
  it("is whether it is ready, and may be used", () => {
    expect(nodeCells.status(node())).to.equal("Unknown");
    expect(nodeCells.status(node({ status: ready("True") }))).to.equal("Ready");
    for (const status of ["False", "Unknown"])
      expect(nodeCells.status(node({ status: ready(status) })), status).to.equal("NotReady");
    const spec = { unschedulable: true };
    expect(nodeCells.status(node({ spec, status: ready("True") }))).to.equal("Ready,SchedulingDisabled");
  });

  it("is its roles, each once and sorted", () => {
    const roles = {
      "node-role.kubernetes.io/worker": "",
      "node-role.kubernetes.io/control-plane": "",
      "node-role.kubernetes.io/": "",
      "kubernetes.io/role": "worker",
      other: "x",
    };
    expect(nodeCells.roles(node({ labels: roles }))).to.equal("control-plane,worker");
    expect(nodeCells.roles(node({ labels: { "kubernetes.io/role": "" } }))).to.equal("<none>");
    expect(nodeCells.roles(node())).to.equal("<none>");
  });

  it("is the first address of a kind", () => {
    const addresses = [
      { type: "Hostname", address: "n1" },
      { type: "InternalIP", address: "10.0.0.1" },
      { type: "InternalIP", address: "fd00::1" },
    ];
    expect(nodeCells.internalIP(node({ status: { addresses } }))).to.equal("10.0.0.1");
    expect(nodeCells.externalIP(node({ status: { addresses } }))).to.equal("<none>");
  });

  it("is its software, as far as it says", () => {
    const nodeInfo = {
      kubeletVersion: "v1",
      osImage: "os",
      kernelVersion: "6",
      architecture: "arm64",
      containerRuntimeVersion: "c",
    };
    const known = node({ status: { nodeInfo } });
    const { version, osImage, kernelVersion, containerRuntime } = nodeCells;
    const shown = (one: ApiObject) =>
      [version, osImage, kernelVersion, containerRuntime].map((cell) => cell(one));
    expect(shown(known)).to.deep.equal(["v1", "os", "6 (arm64)", "c"]);
    expect(shown(node())).to.deep.equal(["", "<unknown>", "<unknown>", "<unknown>"]);
    expect(nodeCells.kernelVersion(node({ status: { nodeInfo: { architecture: "arm64" } } }))).to.equal(
      "<unknown> (arm64)",
    );
  });
});
