import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { formatFieldPath } from "../../../src/configuration/faults.ts";
import { parseGatewayConfiguration } from "../../../src/configuration/load-gateway-configuration.ts";
import { checkGatewayConfiguration } from "../../../src/server/gateway/check-gateway-configuration.ts";
import {
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../../src/testing/certificates/certificate-authority.ts";

describe("checkGatewayConfiguration", () => {
  const authority = createCertificateAuthority();
  let folder: string;
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const pair = (name: string, { certificatePem, keyPem }: IssuedCertificate): void => {
    write(`${name}.crt`, certificatePem);
    write(`${name}.key`, keyPem);
  };
  const check = async (): Promise<readonly string[]> => {
    const text = `apiVersion: countersign.dev/v1alpha1
kind: GatewayConfiguration
tls: {certFile: tls.crt, keyFile: tls.key}
authentication: {clientCAFile: ca.crt, requestHeader: {caFile: front.crt}}
kubelet: {clientCertificate: {certFile: kubelet.crt, keyFile: kubelet.key}, caFile: kubelet-ca.crt}
`;
    const configuration = parseGatewayConfiguration(text, { file: "g", directory: folder });
    const found = await checkGatewayConfiguration(configuration);
    return found.map(({ severity, path, message }) => `${severity} ${formatFieldPath(path)}: ${message}`);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-check-gateway-"));
    pair("tls", authority.issue({ commonName: "gateway", dnsNames: ["localhost"] }));
    pair("kubelet", authority.issue({ commonName: "kubelet-client" }));
    for (const name of ["ca", "front", "kubelet-ca"]) write(`${name}.crt`, authority.certificatePem);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("finds nothing where all that is named can be used", async () =>
    expect(await check()).to.deep.equal([]));

  for (const [file, field] of [
    ["ca.crt", "authentication.clientCAFile"],
    ["front.crt", "authentication.requestHeader.caFile"],
    ["kubelet-ca.crt", "kubelet.caFile"],
    ["tls.crt", "tls.certFile"],
    ["kubelet.key", "kubelet.clientCertificate.keyFile"],
  ] as const)
    it(`names the field of ${file} where that holds nothing`, async () => {
      write(file, "nothing");
      const [found = "", ...others] = await check();
      expect(others).to.deep.equal([]);
      expect(found).to.match(new RegExp(`^error ${field.replaceAll(".", "\\.")}: .*${file}`));
    });

  for (const [name, field, usage] of [
    ["tls", "tls", "serverAuth"],
    ["kubelet", "kubelet.clientCertificate", "clientAuth"],
  ] as const)
    it(`says that the certificate of ${field} has expired, as readiness does`, async () => {
      const notAfter = Date.now() - 60_000;
      pair(
        name,
        authority.issue({ commonName: "x", usages: [usage], notBefore: notAfter - 60_000, notAfter }),
      );
      const [found = ""] = await check();
      expect(found).to.contain(`error ${field}.certFile: `).and.contain(`${name}.crt expired `);
    });

  it("tells of both certificates where they are swapped", async () => {
    pair("tls", authority.issue({ commonName: "kubelet-client" }));
    pair("kubelet", authority.issue({ commonName: "gateway", dnsNames: ["localhost"] }));
    const [tls, client, ...others] = await check();
    expect(others).to.deep.equal([]);
    expect(tls).to.match(/^error tls\.certFile: .*tls\.crt: is for clients only .*swapped/);
    expect(client).to.match(
      /^error kubelet\.clientCertificate\.certFile: .*kubelet\.crt: is for serving only .*swapped/,
    );
  });

  it("tells every fault at once", async () => {
    for (const name of ["ca.crt", "kubelet-ca.crt", "tls.key"]) write(name, "nothing");
    expect(await check()).to.have.length(3);
  });
});
