import { expect } from "chai";
import { webhookURLFaults } from "../../../src/webhook/sources/webhook-url-faults.ts";

describe("webhookURLFaults", () => {
  for (const url of [
    "https://h.example",
    "https://h.example/",
    "https://h.example:8443/v/w/",
    "HTTPS://H.example/v",
    "https://[::1]:8443/v",
    "https://10.0.0.1/%2F..//v",
    // an empty query and an empty fragment are none to Go's parser
    "https://h.example/v?",
    "https://h.example/v#",
  ])
    it(`has nothing against ${url}`, () => expect(webhookURLFaults(url)).to.deep.equal([]));

  for (const [url, fault] of [
    ["", /is not a URL/],
    ["h.example/v", /is not a URL/],
    ["/v", /is not a URL/],
    ["https:h.example", /is not a URL/],
    ["https://h.example/a b", /is not a URL/],
    ["https://h.example\\v", /is not a URL/],
    ["http://h.example/v", /"http" is not https/],
    ["ftp://h.example", /"ftp" is not https/],
    ["https:///v", /names no host/],
    ["https://:443/v", /names no host/],
    ["https://h.example:port/v", /its host or port is none/],
    ["https://u:p@h.example/v", /user information/],
    ["https://@h.example/v", /user information/],
    ["https://h.example/v?x=1", /a query/],
    ["https://h.example?x", /a query/],
    ["https://h.example/v#x", /a fragment/],
  ] as const)
    it(`refuses ${url || "nothing"}`, () => expect(webhookURLFaults(url).join()).to.match(fault));

  it("says everything that is wrong", () => {
    expect(webhookURLFaults("http://u@/v?x#y")).to.have.lengthOf(5);
  });
});
