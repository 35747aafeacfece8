import { expect } from "chai";
import { identifyRequest, parseTraceParent } from "../../../src/server/parts/request-identity.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentId = "00f067aa0ba902b7";

describe("parseTraceParent, as W3C Trace Context has it", () => {
  for (const [value, sampled] of [
    [`00-${traceId}-${parentId}-01`, true],
    [`00-${traceId}-${parentId}-00`, false],
    [`00-${traceId}-${parentId}-03`, true],
    [`cc-${traceId}-${parentId}-01-what-comes-later`, true],
  ] as const)
    it(`reads ${value}`, () => expect(parseTraceParent(value)).to.deep.equal({ traceId, parentId, sampled }));

  for (const value of [
    "",
    "x",
    `ff-${traceId}-${parentId}-01`,
    `00-${traceId}-${parentId}-01-more`,
    `00-${traceId}-${parentId}`,
    `00-${traceId}-${parentId}-1`,
    `00-${traceId.toUpperCase()}-${parentId}-01`,
    `00-${"0".repeat(32)}-${parentId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId}a-${parentId}-01`,
    ` 00-${traceId}-${parentId}-01`,
    `00-${traceId}-${parentId}-01\n`,
  ])
    it(`has no use for ${JSON.stringify(value)}`, () => expect(parseTraceParent(value)).to.equal(undefined));
});

describe("identifyRequest", () => {
  it("makes up an id for each request", () => {
    const [one, other] = [identifyRequest([]), identifyRequest([])];
    expect(one.requestId).to.match(/^[0-9a-f]{8}-[0-9a-z]+$/);
    expect(one.requestId).to.not.equal(other.requestId);
    expect(Object.keys(one)).to.deep.equal(["requestId"]);
  });

  it("takes audit id and trace of the headers, in whatever case their names come", () => {
    const headers = ["Audit-Id", "a-1", "Traceparent", `00-${traceId}-${parentId}-01`];
    expect(identifyRequest(headers)).to.include({ auditId: "a-1", traceId, parentId, sampled: true });
  });

  it("cuts an audit id at the length at which an API server does", () => {
    expect(identifyRequest(["Audit-ID", "a".repeat(1000)]).auditId).to.have.length(64);
  });

  it("follows no trace where two are named", () => {
    const header = `00-${traceId}-${parentId}-01`;
    expect(identifyRequest(["traceparent", header, "traceparent", header])).to.not.have.property("traceId");
  });
});
