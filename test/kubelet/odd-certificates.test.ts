import { text } from "node:stream/consumers";
import { expect } from "chai";
import { parseCABundle } from "../../src/certificates/ca-bundle.ts";
import { extension } from "../authentication/certificates.ts";
import { rejectionOf } from "../rejection.ts";
import { useKubelet } from "./kubelet-fixture.ts";
import { nodeAt } from "./kubelet-server.ts";
import {
  alternativeNames,
  brokenAlternativeNames,
  type OddCertificate,
  oddAuthorityPem,
  oddCertificate,
} from "./odd-certificate.ts";

const loopback = ["ip", Buffer.from([127, 0, 0, 1])] as const;
const own = [
  ["organization", "system:nodes"],
  ["commonName", "system:node:n1"],
] as const;
const bytes = (content: string): Buffer => Buffer.from(content, "latin1");

/** What a node's own key may be certified with by a CA that looks at nothing. */
const odd: readonly (readonly [what: string, certificate: OddCertificate, refusal: RegExp | undefined])[] = [
  ["nothing odd", { subject: own, extensions: [alternativeNames(loopback)] }, undefined],
  [
    "a critical extension that nobody knows",
    {
      subject: own,
      extensions: [alternativeNames(loopback), extension("1.3.6.1.4.1.99999.1", bytes("x"), true)],
    },
    /x509: certificate cannot be verified \(UNSPECIFIED\)$/,
  ],
  [
    "alternative names that are no DER",
    { subject: own, extensions: [brokenAlternativeNames(bytes("\x30\x7fnot so long"))] },
    /x509: cannot validate certificate for 127\.0\.0\.1 because it doesn't contain any IP SANs$/,
  ],
  [
    "an address of three bytes",
    { subject: own, extensions: [alternativeNames(["ip", Buffer.from([127, 0, 0])])] },
    /x509: certificate is valid for .*, not 127\.0\.0\.1$/,
  ],
  [
    "the address as text",
    { subject: own, extensions: [alternativeNames(["ip", bytes("127.0.0.1")])] },
    /x509: certificate is valid for .*, not 127\.0\.0\.1$/,
  ],
  [
    "no subject at all",
    { subject: [], extensions: [alternativeNames(loopback)] },
    /x509: certificate is for Common Name "", not "system:node:n1"$/,
  ],
  [
    "two Common Names, the node's the last",
    { subject: [["commonName", "system:node:n2"], ...own], extensions: [alternativeNames(loopback)] },
    undefined,
  ],
  [
    "two Common Names, the node's the first",
    { subject: [...own, ["commonName", "system:node:n2"]], extensions: [alternativeNames(loopback)] },
    /x509: certificate is for Common Name "system:node:n2", not "system:node:n1"$/,
  ],
  [
    "the node's Common Name with a NUL behind it",
    {
      subject: [
        ["organization", "system:nodes"],
        ["commonName", "system:node:n1\0"],
      ],
      extensions: [alternativeNames(loopback)],
    },
    /x509: certificate is for Common Name "system:node:n1\\u0000", not "system:node:n1"$/,
  ],
  [
    "a group that only begins as the nodes' does",
    {
      subject: [
        ["organization", "system:nodes\0"],
        ["commonName", "system:node:n1"],
      ],
      extensions: [alternativeNames(loopback)],
    },
    /x509: certificate for "system:node:n1" has not the Organization "system:nodes"$/,
  ],
];

describe("a kubelet's certificate, however odd", () => {
  const fixture = useKubelet();
  const bundle = parseCABundle(oddAuthorityPem, "odd-ca.crt");

  async function ask(transport: "verified" | "insecure", address = "127.0.0.1"): Promise<string> {
    const type = address === "127.0.0.1" ? "InternalIP" : "Hostname";
    const node = nodeAt(fixture.kubelet.port, { address, type });
    const client = fixture.open({ ca: () => bundle, resolve: async () => ["127.0.0.1"] });
    return text((await client.exchange(fixture.asked({ node, transport }))).body);
  }

  for (const [what, certificate, refusal] of odd)
    it(`is ${refusal === undefined ? "accepted" : "refused"} with ${what}, and not looked at on the insecure transport`, async () => {
      fixture.kubelet.serve(oddCertificate(certificate));
      if (refusal === undefined) expect(await ask("verified")).to.equal("ok");
      else {
        const { code, message } = await rejectionOf(ask("verified"));
        expect(code).to.equal("ERR_KUBELET_CERTIFICATE");
        expect(message).to.match(refusal);
        expect(fixture.kubelet.requests).to.have.length(0);
      }
      expect(await ask("insecure")).to.equal("ok");
    });

  it("is refused with a DNS name that goes on behind a NUL, for what stands before it too", async () => {
    for (const dns of ["n1.example\0.evil.example", "n1.example\0", "\0n1.example"]) {
      const extensions = [alternativeNames(["dns", bytes(dns)])];
      fixture.kubelet.serve(oddCertificate({ subject: own, extensions }));
      const { code } = await rejectionOf(ask("verified", "n1.example"));
      expect(code, JSON.stringify(dns)).to.equal("ERR_KUBELET_CERTIFICATE");
    }
    fixture.kubelet.serve(
      oddCertificate({ subject: own, extensions: [alternativeNames(["dns", bytes("n1.example")])] }),
    );
    expect(await ask("verified", "n1.example")).to.equal("ok");
  });
});
