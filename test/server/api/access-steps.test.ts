import { expect } from "chai";
import { type Arrival, accessSteps, known } from "../../../src/server/api/access-steps.ts";

describe("access steps", () => {
  it("come in an API server's order, and authorize last", () => {
    expect(accessSteps.map(({ name }) => name)).to.deep.equal([
      "plain path",
      "authenticate",
      "warn",
      "strip credentials",
      "impersonate",
      "request info",
      "authorize",
    ]);
  });

  it("keep every value of a header that stands there a hundred thousand times, and are not held up by it", () => {
    const strip = accessSteps.find(({ name }) => name === "strip credentials")!;
    const rawHeaders = Array.from({ length: 100_000 }, (_, index) => ["a", String(index)]).flat();
    const protocol = [
      "Sec-WebSocket-Protocol",
      "v4.channel.k8s.io",
      "sec-websocket-protocol",
      "v5.channel.k8s.io",
    ];
    const request = {
      rawHeaders: [...rawHeaders, ...protocol],
      headers: { a: "0, 1", "sec-websocket-protocol": "replaced" },
      headersDistinct: {},
    };
    const authenticator = { withoutCredentials: (headers: readonly string[]) => headers };
    void strip.run({ rules: { authenticator }, request } as unknown as Arrival);
    expect(request.rawHeaders.length).to.equal(200_004);
    expect(request.headers["sec-websocket-protocol"]).to.equal("v4.channel.k8s.io, v5.channel.k8s.io");
  });

  it("refuse where an earlier one was left out", () => {
    expect(() => known(undefined)).to.throw(TypeError, "left out");
    expect(known("found")).to.equal("found");
  });
});
