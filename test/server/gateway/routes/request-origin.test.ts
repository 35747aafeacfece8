import { expect } from "chai";
import { assertOwnOrigin } from "../../../../src/server/gateway/routes/request-origin.ts";

describe("assertOwnOrigin", () => {
  const assertOf = (
    origins: readonly string[],
    host = "gateway:8443",
    method = "clientCertificate" as const,
  ) => assertOwnOrigin({ method, rawHeaders: ["Host", host, ...origins.flatMap((one) => ["Origin", one])] });

  for (const origin of ["https://gateway:8443", "https://GATEWAY:8443", "http://gateway:8443"])
    it(`lets ${origin} through`, () => {
      expect(() => assertOf([origin])).to.not.throw();
    });

  it("lets through who sends none, and who knows a token", () => {
    expect(() => assertOf([])).to.not.throw();
    const rawHeaders = ["Host", "gateway", "Origin", "https://dashboard.example"];
    expect(() => assertOwnOrigin({ method: "tokenReview", rawHeaders })).to.not.throw();
    for (const method of ["clientCertificate", "requestHeader", "anonymous"] as const)
      expect(() => assertOwnOrigin({ method, rawHeaders })).to.throw("another origin");
  });

  it("knows the port that goes unsaid", () => {
    expect(() => assertOf(["https://gateway"], "gateway:443")).to.not.throw();
    expect(() => assertOf(["https://gateway:443"], "gateway")).to.not.throw();
    expect(() => assertOf(["http://gateway"], "gateway")).to.throw("another origin");
  });

  for (const origins of [
    ["https://evil.example"],
    ["https://gateway"],
    ["https://gateway:8444"],
    ["https://gateway.evil.example:8443"],
    ["https://gateway:8443", "https://evil.example"],
    ["null"],
    [""],
    ["gateway:8443"],
  ])
    it(`refuses ${JSON.stringify(origins)}`, () => {
      expect(() => assertOf(origins))
        .to.throw("another origin")
        .with.property("status", 403);
    });

  it("refuses every origin where no host is named that could be its own", () => {
    for (const host of ["", "a b"]) expect(() => assertOf(["null"], host)).to.throw("another origin");
  });
});
