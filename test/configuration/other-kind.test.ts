import { expect } from "chai";
import { parseGatewayConfiguration } from "../../src/configuration/load-gateway-configuration.ts";
import { parseServerConfiguration } from "../../src/configuration/load-server-configuration.ts";
import { faultsOfOtherKind } from "../../src/configuration/other-kind.ts";

const source = { file: "a.yaml", directory: "/" };
const text = (kind: string): string =>
  `apiVersion: countersign.dev/v1alpha1\nkind: ${kind}\nissuers: []\nkubelet: {}\nsocket: a\n`;

describe("a configuration file of another kind", () => {
  for (const [kind, command] of [
    ["GatewayConfiguration", "gateway"],
    ["AgentConfiguration", "agent"],
  ])
    it(`that is for ${command} is told so, and nothing of its fields`, () => {
      expect(() => parseServerConfiguration(text(kind!), source)).to.throw(
        new RegExp(
          `^a\\.yaml:2:7: kind: must be ServerConfiguration, not "${kind}"; countersign ${command} reads this file$`,
        ),
      );
    });

  it("of serve's is told by gateway", () => {
    expect(() => parseGatewayConfiguration(text("ServerConfiguration"), source)).to.throw(
      /^a\.yaml:2:7: kind: must be GatewayConfiguration.*; countersign serve reads this file$/,
    );
  });

  for (const kind of ["GuardConfiguration", "Gatewayconfiguration"])
    it(`that nobody reads, ${kind}, keeps every fault`, () => {
      expect(() => parseServerConfiguration(text(kind), source)).to.throw(/^\d faults in the configuration/);
    });

  it("keeps what is wrong with a file of the right kind", () => {
    const faults = [{ position: { line: 1, column: 1 }, field: "tls", message: "is missing" }];
    expect(faultsOfOtherKind(faults, { kind: "GatewayConfiguration" })).to.equal(faults);
    expect(faultsOfOtherKind(faults, null)).to.equal(faults);
  });
});
