import { expect } from "chai";
import { faults, file, parse } from "./configuration-text.ts";

const whole = `secret: {namespace: countersign-system, name: countersign-tls}
    dnsNames: [countersign.countersign-system.svc, localhost]
    webhookConfigurations:
      - {kind: ValidatingWebhookConfiguration, name: countersign}
      - {kind: MutatingWebhookConfiguration, name: countersign}`;

const withTLS = (tls: string): string =>
  file().replace("tls: {certFile: tls.crt, keyFile: tls.key}", `tls:${tls}`);
const selfSigned = (fields: string): string => withTLS(`\n  selfSigned:\n    ${fields}`);

describe("tls.selfSigned", () => {
  it("takes its Secret, names and configurations, and has lives by default", () => {
    const { tls } = parse(selfSigned(whole));
    expect(tls).to.not.have.any.keys("certFile", "keyFile");
    expect(tls.minVersion).to.equal("TLSv1.2");
    const hour = 3_600_000;
    expect(tls.selfSigned).to.deep.equal({
      secret: { namespace: "countersign-system", name: "countersign-tls" },
      dnsNames: ["countersign.countersign-system.svc", "localhost"],
      webhookConfigurations: [
        { kind: "ValidatingWebhookConfiguration", name: "countersign" },
        { kind: "MutatingWebhookConfiguration", name: "countersign" },
      ],
      caValidity: { ms: 8760 * hour },
      certificateValidity: { ms: 2160 * hour },
      renewBefore: { ms: 720 * hour },
    });
  });

  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      "beside files",
      withTLS(`\n  certFile: tls.crt\n  keyFile: tls.key\n  selfSigned:\n    ${whole}`),
      /tls\.selfSigned: makes the certificate: remove/,
    ],
    [
      "beside half of them",
      withTLS(`\n  keyFile: tls.key\n  selfSigned:\n    ${whole}`),
      /tls\.selfSigned: makes the certificate/,
    ],
    ["nor files", withTLS(" {}"), /tls: must have certFile and keyFile, or selfSigned/],
    ["a key alone", withTLS(" {keyFile: tls.key}"), /tls\.certFile: is required beside keyFile/],
    ["a certificate alone", withTLS(" {certFile: tls.crt}"), /tls\.keyFile: is required beside certFile/],
    ["no names", selfSigned(whole.replace(/dnsNames: .*/, "dnsNames: []")), /dnsNames: /],
    [
      "a name twice",
      selfSigned(whole.replace("localhost", "countersign.countersign-system.svc")),
      /dnsNames/,
    ],
    ["a wildcard", selfSigned(whole.replace("localhost", '"*.svc"')), /dnsNames\[1\]/],
    ["an address", selfSigned(whole.replace("localhost", "127.0.0.1")), /dnsNames\[1\]/],
    ["an upper case name", selfSigned(whole.replace("localhost", "LOCALHOST")), /dnsNames\[1\]/],
    [
      "a Secret without a namespace",
      selfSigned(whole.replace("namespace: countersign-system, ", "")),
      /secret\.namespace: is required/,
    ],
    [
      "a configuration of another kind",
      selfSigned(whole.replace("Mutating", "Mutable")),
      /webhookConfigurations\[1\]\.kind/,
    ],
    [
      "no time to renew",
      selfSigned(`${whole}\n    renewBefore: 2160h`),
      /renewBefore: must be shorter than certificateValidity/,
    ],
    [
      "hardly any time to renew",
      selfSigned(`${whole}\n    renewBefore: 999ms`),
      /renewBefore: must be at least 1s/,
    ],
    [
      "a certificate that outlives its CA",
      selfSigned(`${whole}\n    caValidity: 2159h`),
      /certificateValidity: must not be longer than caValidity/,
    ],
  ];
  for (const [what, text, expected] of cases)
    it(`is refused with ${what}, where it stands`, () => {
      const found = faults(text);
      expect(found, found.join("\n")).to.have.length(1);
      expect(found[0])
        .to.match(expected)
        .and.match(/^server\.yaml:\d+:\d+: /);
    });
});
