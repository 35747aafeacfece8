import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadServerConfiguration } from "../../src/configuration/load-server-configuration.ts";
import { rejectionOf } from "../rejection.ts";
import { faults, file, parse } from "./configuration-text.ts";

const whole = `apiVersion: countersign.dev/v1alpha1
kind: ServerConfiguration
listen: {host: "::", port: 8443}
tls: {certFile: tls.crt, keyFile: tls.key}
issuers:
  - name: cluster
  - {name: other, url: "https://issuer.example", caFile: ca.crt}
  - {name: file, url: "https://other.example", jwksFile: keys.json}
webhooks:
  - path: /validate/pods
    audiences: ["https://countersign.countersign-system.svc:443/validate/pods"]
    authentication:
      mode: enforce
      webhookTokens:
        kinds: [ValidatingWebhookConfiguration]
        configurations: [{name: countersign}]
        serviceAccounts: [{namespace: kube-system, name: webhook-auth}]
      serviceAccounts: [{namespace: kube-system, name: webhook-caller}]
      clientCertificates: {caFile: ca.crt, names: [kube-apiserver]}
    policy: {file: policies/images.ts}
`;

describe("loadServerConfiguration", () => {
  it("understands the whole example of the interface, paths seen from the file", () => {
    const { issuers, webhooks, tls } = parse(whole);
    expect(tls.certFile).to.equal("/etc/countersign/tls.crt");
    expect(issuers[2]).to.deep.equal({
      name: "file",
      url: "https://other.example",
      jwksFile: "/etc/countersign/keys.json",
    });
    expect(webhooks[0]?.policy.file).to.equal("/etc/countersign/policies/images.ts");
    expect(webhooks[0]?.authentication.clientCertificates?.caFile).to.equal("/etc/countersign/ca.crt");
  });

  it("fills in the defaults: enforce, 7 MiB, ten minutes of token life, two listeners", () => {
    const configuration = parse(
      file({
        route:
          "audiences: [a]\n    authentication: {webhookTokens: {kinds: [ValidatingWebhookConfiguration]}}",
        top: "issuers: [{name: cluster}]",
      }),
    );
    const [route] = configuration.webhooks;
    expect(route?.authentication.mode).to.equal("enforce");
    expect(route?.authentication.webhookTokens?.maxLifetime.ms).to.equal(600_000);
    expect(route?.type).to.equal("validating");
    expect(configuration.listen).to.deep.equal({ host: "::", port: 8443 });
    expect(configuration.admin).to.deep.equal({ host: "::", port: 8080 });
    expect(configuration.limits.maxBodyBytes).to.equal(7_340_032);
    expect(configuration.drain.delay.ms + configuration.drain.timeout.ms).to.be.below(30_000);
  });

  it("needs no issuer where the API server is asked about every token", () => {
    const authentication = "{serviceAccounts: [{namespace: a, name: b}], tokenReview: {}}";
    expect(faults(file({ route: `audiences: [a]\n    authentication: ${authentication}` }))).to.deep.equal(
      [],
    );
  });

  it("keeps audiences and issuer URLs to the byte", () => {
    const odd = "https://Issuer.EXAMPLE:443/../x/";
    const configuration = parse(
      file({
        route: `audiences: ["${odd}"]\n    authentication: {serviceAccounts: [{namespace: a, name: b}]}`,
        top: `issuers: [{name: a, url: "${odd}"}]`,
      }),
    );
    expect(configuration.webhooks[0]?.audiences).to.deep.equal([odd]);
    expect(configuration.issuers[0]?.url).to.equal(odd);
  });

  for (const [field, parts] of Object.entries({
    "limits.bodyTimeout": { top: "limits: {bodyTimeout: 0s}" },
    "limits.deadline": { top: "limits: {deadline: 0s}" },
    "webhooks[0].authentication.webhookTokens.maxLifetime": {
      route:
        "audiences: [a]\n    authentication: {webhookTokens: {kinds: [ValidatingWebhookConfiguration], maxLifetime: 0s}}",
      top: "issuers: [{name: cluster}]",
    },
  }))
    it(`refuses no time at all for what is done in it: ${field}`, () =>
      expect(faults(file(parts)).join())
        .to.match(/: must be at least 1m?s: nothing is done in less$/)
        .and.include(field));

  it("takes no time at all where there is nothing to be done in it", () => {
    const top = "leeway: 0s\nlimits: {deadlineMargin: 0s}\ndrain: {delay: 0s, timeout: 0s}";
    expect(faults(file({ top }))).to.deep.equal([]);
  });

  it("reads the same as JSON", () => {
    const json = JSON.stringify({
      apiVersion: "countersign.dev/v1alpha1",
      kind: "ServerConfiguration",
      tls: { certFile: "/a", keyFile: "/b" },
      webhooks: [{ path: "/", policy: { file: "p.ts" }, authentication: { mode: "off" } }],
    });
    expect(parse(json).webhooks[0]?.policy.file).to.equal("/etc/countersign/p.ts");
    expect(parse(JSON.stringify(JSON.parse(json), undefined, "\t")).tls.certFile).to.equal("/a");
  });

  describe("reads from disk", () => {
    let directory: string;
    before(() => {
      directory = mkdtempSync(join(tmpdir(), "countersign-"));
    });
    after(() => rmSync(directory, { recursive: true }));

    it("and sees relative paths from the file, not from where the command runs", async () => {
      const path = join(directory, "server.yaml");
      writeFileSync(path, whole);
      expect((await loadServerConfiguration(path)).tls.keyFile).to.equal(join(directory, "tls.key"));
    });

    it("and names a file that is not there", async () => {
      const path = join(directory, "absent.yaml");
      const error = await rejectionOf(loadServerConfiguration(path));
      expect(error.code).to.equal("ERR_CONFIGURATION");
      expect(error.message).to.contain(path);
    });
  });
});
