import { expect } from "chai";
import fc from "fast-check";
import { CountersignError } from "../../../src/errors.ts";
import { webhookAddress } from "../../../src/webhook/client/webhook-address.ts";

const ofURL = (url: string) => webhookAddress({ url });
const ofPath = (path?: string) =>
  webhookAddress({ service: { name: "svc", namespace: "ns", ...(path === undefined ? {} : { path }) } }).path;

describe("webhook address", () => {
  it("of a Service has its port everywhere, 443 included", () => {
    expect(webhookAddress({ service: { name: "svc", namespace: "ns", path: "/v" } })).to.deep.equal({
      hostPort: "svc.ns.svc:443",
      host: "svc.ns.svc:443",
      path: "/v",
      service: { name: "svc", namespace: "ns", port: 443 },
      serverName: "svc.ns.svc",
      port: 443,
    });
    expect(webhookAddress({ service: { name: "svc", namespace: "ns", port: 8443 } }).hostPort).to.equal(
      "svc.ns.svc:8443",
    );
  });

  it("of a URL has its host as written, and port 443 only for the look-up", () => {
    expect(ofURL("https://H.example/v")).to.deep.equal({
      hostPort: "H.example:443",
      host: "H.example",
      path: "/v",
      serverName: "h.example",
      port: 443,
    });
    expect(ofURL("https://127.0.0.1:8443")).to.deep.include({
      hostPort: "127.0.0.1:8443",
      path: "/",
      port: 8443,
    });
    expect(ofURL("https://[::1]:8443/v")).to.deep.include({
      hostPort: "[::1]:8443",
      serverName: "::1",
      port: 8443,
    });
    expect(ofURL("https://[::1]/v")).to.deep.include({
      hostPort: "[[::1]]:443",
      host: "[::1]",
      serverName: "::1",
    });
  });

  // seen on the wire of a Go API server
  const cleaned = {
    "/v/": "/v",
    "/v//w": "/v/w",
    "/x/../y": "/y",
    "/a%2Fb": "/a/b",
    "": "/",
    "/": "/",
    "/..": "/",
  };
  for (const [written, sent] of Object.entries(cleaned))
    it(`sends ${JSON.stringify(sent)} for a URL's path ${JSON.stringify(written)}`, () => {
      expect(ofURL(`https://h.example${written}`).path).to.equal(sent);
    });

  it("cleans a Service's path alike, and adds the slash before it", () => {
    expect([ofPath(), ofPath(""), ofPath("/"), ofPath("/v/"), ofPath("v")]).to.deep.equal([
      "/",
      "/",
      "/",
      "/v",
      "/v",
    ]);
  });

  it("escapes as Go does", () => {
    expect(ofURL("https://h.example/a%20b'(c)*!%3F%23;,:@&=+$-_.~").path).to.equal(
      "/a%20b%27%28c%29%2A%21%3F%23;,:@&=+$-_.~",
    );
  });

  it("decodes the caBundle", () => {
    const caBundle = Buffer.from("PEM").toString("base64");
    expect(webhookAddress({ url: "https://h", caBundle }).caBundle).to.equal("PEM");
  });

  it("refuses what is no https://host[/path]", () => {
    for (const url of [
      "http://h.example",
      "h.example",
      "https://",
      "https:///path",
      "https://user@h.example",
      "https://h.example?x=1",
      "https://h.example/#f",
      "https://h.example/%zz",
      "https://h example",
      "https://h.example:port",
      "",
    ])
      expect(() => ofURL(url), url)
        .to.throw(CountersignError)
        .with.property("code", "ERR_WEBHOOK_CALL");
  });

  it("refuses neither and both of url and service, and a Service without a name", () => {
    const service = { name: "svc", namespace: "ns" };
    for (const clientConfig of [
      {},
      { url: "https://h", service },
      { service: { name: "", namespace: "ns" } },
    ])
      expect(() => webhookAddress(clientConfig)).to.throw(/clientConfig/);
  });

  it("makes of any URL a clean path of one request line, or refuses it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl({ withQueryParameters: false }).map((url) => url.replace("http:", "https:")),
        ),
        (tail) => {
          const url = tail.startsWith("https:") ? tail : `https://h.example/${tail}`;
          try {
            expect(ofURL(url).path)
              .to.match(/^\/[!-~]*$/)
              .and.not.match(/\/\/|\/\.\.?(\/|$)|[?#]/);
          } catch (error) {
            if (!(error instanceof CountersignError)) throw error;
          }
        },
      ),
    );
  });
});
