import { expect } from "chai";
import { Secret } from "../../../src/secret.ts";
import { webhookAddress } from "../../../src/webhook/client/webhook-address.ts";
import {
  encodeReview,
  requestHeaders,
  showRequest,
  timedPath,
} from "../../../src/webhook/client/webhook-request.ts";

const address = webhookAddress({ service: { name: "svc", namespace: "ns", path: "/v" } });

describe("webhook request", () => {
  it("says the time in whole seconds, rounded up", () => {
    const said = [1, 999, 1000, 1001, 9_999, 30_000].map((timeoutMs) => timedPath(address, timeoutMs));
    expect(said.map((path) => path.replace("/v?timeout=", ""))).to.deep.equal([
      ...["1s", "1s", "1s", "2s", "10s", "30s"],
    ]);
  });

  it("has an Authorization header only where there is something to say in it", () => {
    expect(requestHeaders(address, {}, {})).to.not.include("Authorization");
    const headers = requestHeaders(address, {}, { header: "Bearer t0ken", credential: "token" });
    expect(headers[headers.indexOf("Authorization") + 1]).to.equal("Bearer t0ken");
  });

  it("impersonates as client-go does, groups as headers of their own", () => {
    const impersonate = { user: "jane", uid: "u-1", groups: ["a", "b,c"], extra: { "x/y": ["1", "2"] } };
    const headers = requestHeaders(address, { impersonate }, {});
    expect(headers.slice(headers.indexOf("Content-Type") + 2)).to.deep.equal([
      ...["Impersonate-Extra-x%2Fy", "1", "Impersonate-Extra-x%2Fy", "2"],
      ...["Impersonate-Group", "a", "Impersonate-Group", "b,c"],
      ...["Impersonate-Uid", "u-1", "Impersonate-User", "jane"],
    ]);
  });

  it("writes integers as they are, of any size", () => {
    expect(encodeReview({ a: 1, b: [null, "ä"] }).toString()).to.equal('{"a":1,"b":[null,"ä"]}');
    expect(encodeReview({ a: [2n ** 63n] }).toString()).to.equal('{"a":[9223372036854775808]}');
  });

  it("shows everything but what is secret", () => {
    const token = new Secret("t0ken");
    const headers = requestHeaders(address, {}, { header: `Bearer ${token.reveal()}`, credential: "token" });
    const shown = showRequest(address, "/v?timeout=1s", headers);
    expect(shown.headers).to.deep.include(["Authorization", "Bearer [redacted]"]);
    expect(JSON.stringify(shown)).to.not.include("t0ken");
  });
});
