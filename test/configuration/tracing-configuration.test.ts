import { expect } from "chai";
import { parseAgentConfiguration } from "../../src/configuration/load-agent-configuration.ts";
import { faults, file, parse } from "./configuration-text.ts";

const withTracing = (fields: string): string => file({ top: `tracing: {${fields}}` });

describe("tracing in a configuration file", () => {
  it("is off where it is left out", () => expect(parse(file()).tracing).to.equal(undefined));

  it("traces every request whose caller has not decided, unless it says how many", () => {
    expect(parse(withTracing('endpoint: "http://otel:4318"')).tracing).to.deep.equal({
      endpoint: "http://otel:4318",
      samplingRatio: 1,
    });
    expect(
      parse(withTracing('endpoint: "https://otel/base", samplingRatio: 0')).tracing?.samplingRatio,
    ).to.equal(0);
  });

  it("is the same for the agent", () => {
    const text = `apiVersion: countersign.dev/v1alpha1
kind: AgentConfiguration
serviceAccount: {namespace: a, name: b}
apiGroup: "*"
socket: s
tracing: {endpoint: "http://otel:4318"}
`;
    const { tracing } = parseAgentConfiguration(text, { file: "agent.yaml", directory: "/" });
    expect(tracing).to.deep.equal({ endpoint: "http://otel:4318", samplingRatio: 1 });
  });

  for (const endpoint of [
    "otel:4318",
    "grpc://otel:4317",
    "http://user:secret@otel",
    "http://otel?a=b",
    "http://otel#a",
    "",
  ])
    it(`refuses ${JSON.stringify(endpoint)} as an endpoint, and does not repeat it`, () => {
      const [fault = "", ...more] = faults(withTracing(`endpoint: "${endpoint}"`));
      expect(more).to.deep.equal([]);
      expect(fault).to.match(/tracing\.endpoint: must be an http or https URL/);
      expect(fault).to.not.include("secret");
    });

  for (const ratio of ["-0.1", "1.5", ".nan", '"1"'])
    it(`refuses ${ratio} as a ratio`, () =>
      expect(faults(withTracing(`endpoint: "http://otel", samplingRatio: ${ratio}`)).join()).to.include(
        "tracing.samplingRatio",
      ));
});
