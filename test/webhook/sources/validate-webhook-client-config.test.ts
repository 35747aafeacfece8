import { expect } from "chai";
import type { WebhookClientConfig } from "../../../src/apis/admissionregistration.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { validateWebhookClientConfig } from "../../../src/webhook/sources/validate-webhook-client-config.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const certificate = base64(createCertificateAuthority().certificatePem);
const url = "https://h.example/v";

/** Where a fault is found, by path; nothing: none. */
type Row = readonly [name: string, clientConfig: WebhookClientConfig, ...faults: string[]];
const ofPath = (path: string): WebhookClientConfig => ({ service: { name: "n", namespace: "ns", path } });
const ofPort = (port: number): WebhookClientConfig => ({ service: { name: "n", namespace: "ns", port } });

const rows: readonly Row[] = [
  ["a URL", { url }],
  ["a URL with an empty query and fragment", { url: "https://h.example/v?#" }],
  ["a URL with upper case and underscores in its path", { url: "https://h.example/A_b%20c" }],
  ["a URL over http", { url: "http://h.example" }, "url"],
  ["a URL without a scheme", { url: "h.example/v" }, "url"],
  ["a URL without a host", { url: "https:///v" }, "url"],
  ["a URL with a user", { url: "https://user@h.example" }, "url"],
  ["a URL with a query", { url: "https://h.example?a=b" }, "url"],
  ["a URL with a fragment", { url: "https://h.example#a" }, "url"],
  ["a URL with all of them", { url: "http://user@h.example?a#b" }, "url", "url", "url", "url"],
  ["neither URL nor Service", {}, ""],
  ["both", { url, service: { name: "n", namespace: "ns" } }, ""],
  ["a Service", { service: { name: "n", namespace: "ns" } }],
  ["a Service without a name", { service: { name: "", namespace: "ns" } }, "service.name"],
  ["a Service without a namespace", { service: { name: "n", namespace: "" } }, "service.namespace"],
  ["port 1", ofPort(1)],
  ["port 65535", ofPort(65_535)],
  ["port 0", ofPort(0), "service.port"],
  ["port 65536", ofPort(65_536), "service.port"],
  ["an empty path", ofPath("")],
  ["the path /", ofPath("/")],
  ["a path of segments", ofPath("/foo/bar.v1")],
  ["a path with a slash at its end", ofPath("/foo/")],
  ["the path //", ofPath("//"), "service.path"],
  ["a path without a slash before it", ofPath("foo"), "service.path"],
  ["a path with an empty segment", ofPath("/foo//bar"), "service.path"],
  ["a path with two slashes at its end", ofPath("/foo//"), "service.path"],
  ["a path in upper case", ofPath("/Foo"), "service.path"],
  ["a path with an escape", ofPath("/foo%20bar"), "service.path"],
  ["a path with an underscore", ofPath("/foo_bar"), "service.path"],
  ["an empty caBundle", { url, caBundle: "" }],
  ["a caBundle of a certificate", { url, caBundle: certificate }],
  ["a caBundle that is none", { url, caBundle: "bogus" }, "caBundle"],
  ["a caBundle of garbage in base64", { url, caBundle: base64("garbage") }, "caBundle"],
];

describe("validate webhook client config", () => {
  for (const [name, clientConfig, ...expected] of rows)
    it(`${expected.length === 0 ? "has nothing against" : "refuses"} ${name}`, () => {
      const faults = validateWebhookClientConfig(clientConfig);
      expect(faults.map(({ path }) => path.join("."))).to.deep.equal(expected);
    });

  it("does not repeat what was pasted into a caBundle", () => {
    const faults = validateWebhookClientConfig({ url, caBundle: base64("s3cret") });
    expect(JSON.stringify(faults)).to.not.include("s3cret").and.not.include(base64("s3cret"));
  });
});
