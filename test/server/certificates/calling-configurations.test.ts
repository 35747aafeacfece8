import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import {
  bundlePatch,
  readCallingConfiguration,
  trustsAuthority,
  verifiesCertificate,
} from "../../../src/server/certificates/calling-configurations.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";

const dnsNames = ["countersign.ns.svc", "hook.example.com"];
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const [ours, other] = [createCertificateAuthority(), createCertificateAuthority()];
const leaf = ours.issue({ commonName: "x", dnsNames }).certificatePem;
const ca = new X509Certificate(ours.certificatePem);
const service = { name: "countersign", namespace: "ns" };

const read = (...clientConfigs: readonly object[]) =>
  readCallingConfiguration(
    {
      metadata: { name: "c", resourceVersion: "7" },
      webhooks: clientConfigs.map((clientConfig) => ({ clientConfig })),
    },
    "ValidatingWebhookConfiguration",
    dnsNames,
  );
const trusting = (...bundles: readonly string[]) =>
  read(...bundles.map((bundle) => ({ service, caBundle: base64(bundle) })));

describe("a configuration that calls us", () => {
  it("is read as far as its webhooks call one of our names, by Service or URL", () => {
    const read8 = read(
      { service },
      { service: { ...service, port: 444, path: "/other" } },
      { url: "https://hook.example.com:8443/x" },
      { url: "https://HOOK.example.com/x" },
      { service: { name: "countersign", namespace: "other" } },
      { service: { name: "other", namespace: "ns" } },
      { url: "https://hook.example.com.evil.io/" },
      { url: "no URL" },
    );
    expect(read8).to.deep.include({
      kind: "ValidatingWebhookConfiguration",
      name: "c",
      resourceVersion: "7",
    });
    expect(read8.webhooks.map(({ index }) => index)).to.deep.equal([0, 1, 2, 3]);
  });

  it("is read whatever is missing of it", () => {
    for (const webhooks of [undefined, null, [], [{}]])
      expect(
        readCallingConfiguration(
          { metadata: { name: "c" }, webhooks },
          "MutatingWebhookConfiguration",
          dnsNames,
        ).webhooks,
      ).to.deep.equal([]);
  });

  it("trusts a CA if each of those webhooks does", () => {
    const both = `${other.certificatePem}${ours.certificatePem}`;
    expect(trustsAuthority(trusting(both, ours.certificatePem), ca)).to.equal(true);
    expect(trustsAuthority(trusting(both, other.certificatePem), ca)).to.equal(false);
    expect(trustsAuthority(trusting(""), ca)).to.equal(false);
    expect(trustsAuthority(read({ url: "https://elsewhere.example.com" }), ca)).to.equal(true);
  });

  it("verifies a certificate if each of those webhooks does, however its bundle is written", () => {
    const loose = `# ours\n${other.certificatePem}\n\n${ours.certificatePem}`;
    const garbage = `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${ours.certificatePem}`;
    for (const bundle of [ours.certificatePem, loose, garbage])
      expect(verifiesCertificate(trusting(bundle), leaf)).to.equal(true);
    expect(verifiesCertificate(trusting(ours.certificatePem, other.certificatePem), leaf)).to.equal(false);
    expect(verifiesCertificate(trusting("garbage"), leaf)).to.equal(false);
    expect(verifiesCertificate(read({ service }), leaf)).to.equal(false);
  });

  it("is patched in those webhooks alone that hold another bundle, under the version that was read", () => {
    const configuration = read(
      { url: "https://elsewhere.example.com" },
      { service, caBundle: base64("the bundle") },
      { service },
      { service, caBundle: base64("an older one") },
    );
    expect(bundlePatch(configuration, "the bundle")).to.deep.equal([
      { op: "replace", path: "/metadata/resourceVersion", value: "7" },
      { op: "add", path: "/webhooks/2/clientConfig/caBundle", value: base64("the bundle") },
      { op: "add", path: "/webhooks/3/clientConfig/caBundle", value: base64("the bundle") },
    ]);
  });

  it("is left alone where nothing is to be changed", () => {
    expect(bundlePatch(trusting("the bundle", "the bundle"), "the bundle")).to.equal(undefined);
    expect(bundlePatch(read(), "the bundle")).to.equal(undefined);
  });
});
