import { expect } from "chai";
import fc from "fast-check";
import type { ServiceReference } from "../../src/apis/admissionregistration.ts";
import { serviceAudience, webhookAudience } from "../../src/apis/audience.ts";

const service = (more: Partial<ServiceReference> = {}): ServiceReference => ({
  namespace: "ns",
  name: "svc",
  ...more,
});

describe("audience", () => {
  describe("of a Service (the issuer's table: kubernetes token.go, 1.37)", () => {
    const rows: readonly (readonly [string, ServiceReference, string])[] = [
      ["writes the default port", service({ path: "/v" }), "https://svc.ns.svc:443/v"],
      ["takes port 0 for the default", service({ port: 0, path: "/v" }), "https://svc.ns.svc:443/v"],
      ["writes an explicit port", service({ port: 8443, path: "/v" }), "https://svc.ns.svc:8443/v"],
      ["writes / for no path", service(), "https://svc.ns.svc:443/"],
      ["writes / for an empty path", service({ path: "" }), "https://svc.ns.svc:443/"],
      ["leaves / alone", service({ path: "/" }), "https://svc.ns.svc:443/"],
      ["adds the leading slash", service({ path: "v/w" }), "https://svc.ns.svc:443/v/w"],
      ["keeps a trailing slash", service({ path: "/v/" }), "https://svc.ns.svc:443/v/"],
    ];
    for (const [name, reference, audience] of rows)
      it(name, () => expect(serviceAudience(reference)).to.equal(audience));
  });

  describe("of a URL", () => {
    const urls = [
      "https://example.com",
      "https://example.com/",
      "https://example.com:443/v",
      "https://EXAMPLE.com/a/../b",
      "https://example.com/%7Ev",
      "https://[::1]:8443/v",
    ];
    for (const url of urls) it(`is ${url} to the byte`, () => expect(webhookAudience({ url })).to.equal(url));
  });

  it("is the Service's where the clientConfig names a Service", () => {
    expect(webhookAudience({ service: service({ port: 444, path: "/x" }) })).to.equal(
      "https://svc.ns.svc:444/x",
    );
  });

  it("refuses a clientConfig with both url and service, naming the fields", () => {
    expect(() => webhookAudience({ url: "https://x", service: service() }))
      .to.throw(/clientConfig.*url and service/)
      .with.property("code", "ERR_AUDIENCE");
  });

  it("refuses a clientConfig with neither", () => {
    for (const clientConfig of [{}, { url: "" }])
      expect(() => webhookAudience(clientConfig))
        .to.throw()
        .with.property("code", "ERR_AUDIENCE");
  });

  it("never changes a byte of a URL, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (tail) => {
        expect(webhookAudience({ url: `https://${tail}` })).to.equal(`https://${tail}`);
      }),
    );
  });
});
