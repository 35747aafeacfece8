import { expect } from "chai";
import { assertNoBody, wantsUpgrade } from "../../../../src/server/gateway/routes/request-framing.ts";

describe("assertNoBody", () => {
  for (const rawHeaders of [[], ["Content-Length", "0"], ["content-length", "00"]])
    it(`lets ${JSON.stringify(rawHeaders)} through`, () => {
      expect(() => assertNoBody({ rawHeaders })).to.not.throw();
    });

  for (const rawHeaders of [
    ["Content-Length", "1"],
    ["CONTENT-LENGTH", "10"],
    ["Transfer-Encoding", "chunked"],
    ["Transfer-Encoding", ""],
    ["Content-Length", "0", "Content-Length", "5"],
    ["Content-Length", "0", "Transfer-Encoding", "identity"],
    ["Content-Length", ""],
    ["Content-Length", "+0"],
    ["Content-Length", "0x0"],
  ])
    it(`refuses ${JSON.stringify(rawHeaders)}`, () => {
      expect(() => assertNoBody({ rawHeaders }))
        .to.throw("a body is not read here")
        .with.property("status", 400);
    });
});

describe("wantsUpgrade", () => {
  for (const [rawHeaders, wants] of [
    [[], false],
    [["Connection", "keep-alive"], false],
    [["Connection", "upgraded"], false],
    [["X-Upgrade", "websocket"], false],
    [["Upgrade", "websocket"], true],
    [["upgrade", ""], true],
    [["Connection", "Upgrade"], true],
    [["Connection", "keep-alive , UPGRADE"], true],
    [["Connection", "close", "connection", "upgrade"], true],
  ] as const)
    it(`${JSON.stringify(rawHeaders)}: ${wants}`, () => {
      expect(wantsUpgrade({ rawHeaders: [...rawHeaders] })).to.equal(wants);
    });
});
