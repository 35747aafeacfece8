import { expect } from "chai";
import { hostPort, httpsOrigin } from "../../src/apis/host-port.ts";

describe("a host and its port", () => {
  const written = [
    ["example.com", 443, "example.com:443"],
    ["192.0.2.1", "6443", "192.0.2.1:6443"],
    ["2001:db8::1", 10250, "[2001:db8::1]:10250"],
  ] as const;
  for (const [host, port, text] of written)
    it(`are ${text}`, () => {
      expect(hostPort({ host, port })).to.equal(text);
      expect(new URL(httpsOrigin({ host, port: 8443 })).port).to.equal("8443");
    });
});
