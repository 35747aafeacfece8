import { text } from "node:stream/consumers";
import { expect } from "chai";
import { diagnosticsChannel, type KubeletCertificateMessage } from "../../src/diagnostics.ts";
import {
  createKubeletClient,
  type KubeletClient,
  type KubeletClientOptions,
} from "../../src/kubelet/kubelet-client.ts";
import type { IssuedCertificate } from "../../src/testing/certificates/certificate-authority.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import {
  authority,
  clientOptions,
  type KubeletServer,
  nodeAt,
  otherAuthority,
  servingCertificate,
  startKubeletServer,
} from "./kubelet-server.ts";

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

/** What a node may serve with, and in which words Go refuses it. */
const refused: readonly (readonly [what: string, certificate: IssuedCertificate, words: RegExp])[] = [
  [
    "has expired",
    servingCertificate({ notAfter: Date.now() - hourMs, notBefore: Date.now() - yearMs }),
    /^x509: certificate has expired or is not yet valid: current time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ is after \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  ],
  [
    "is not valid yet",
    servingCertificate({ notBefore: Date.now() + hourMs }),
    /^x509: certificate has expired or is not yet valid: current time \S+ is before \S+$/,
  ],
  [
    "is signed by somebody else",
    servingCertificate({}, otherAuthority),
    /^x509: certificate signed by unknown authority$/,
  ],
  [
    "is for another address",
    servingCertificate({ ipAddresses: ["10.0.0.5"] }),
    /^x509: certificate is valid for 10\.0\.0\.5, not 127\.0\.0\.1$/,
  ],
  [
    "names the address as a DNS name only",
    servingCertificate({ ipAddresses: [], dnsNames: ["127.0.0.1"] }),
    /^x509: cannot validate certificate for 127\.0\.0\.1 because it doesn't contain any IP SANs$/,
  ],
  [
    "has no alternative names",
    authority.issue({ commonName: "system:node:n1", organization: "system:nodes", usages: ["serverAuth"] }),
    /^x509: cannot validate certificate for 127\.0\.0\.1 because it doesn't contain any IP SANs$/,
  ],
  [
    "is for clients only",
    servingCertificate({ usages: ["clientAuth"] }),
    /^x509: certificate specifies an incompatible key usage$/,
  ],
  [
    "is another node's",
    servingCertificate({ nodeName: "n2" }),
    /^x509: certificate is for Common Name "system:node:n2", not "system:node:n1"$/,
  ],
  [
    "is some server's, signed by the same CA",
    servingCertificate({ commonName: "n1", organization: [] }),
    /^x509: certificate is for Common Name "n1", not "system:node:n1"$/,
  ],
  [
    "has the node's name but not its group",
    servingCertificate({ organization: "system:masters" }),
    /^x509: certificate for "system:node:n1" has not the Organization "system:nodes"$/,
  ],
];

describe("a kubelet's certificate", () => {
  let kubelet: KubeletServer;
  let client: KubeletClient | undefined;
  before(async () => {
    kubelet = await startKubeletServer();
  });
  beforeEach(() => {
    kubelet.requests.length = 0;
    kubelet.connections.length = 0;
    kubelet.resumptions.length = 0;
  });
  afterEach(() => client?.close());
  after(() => kubelet.close());

  async function ask(
    transport: "verified" | "insecure",
    options: Partial<KubeletClientOptions> = {},
  ): Promise<string> {
    client?.close();
    client = createKubeletClient({ ...clientOptions(kubelet.port), ...options });
    const node = nodeAt(kubelet.port);
    const { body } = await client.exchange({ node, transport, method: "GET", path: "/", headers: [] });
    return text(body);
  }

  for (const [what, certificate, words] of refused) {
    it(`that ${what} is refused before a byte of the request is written`, async () => {
      kubelet.serve(certificate);
      const { code, message } = await rejectionOf(ask("verified"));
      expect(code).to.equal("ERR_KUBELET_CERTIFICATE");
      const prefix = `kubelet of node "n1" (https://127.0.0.1:${kubelet.port}): tls: failed to verify certificate: `;
      expect(message.slice(0, prefix.length)).to.equal(prefix);
      expect(message.slice(prefix.length)).to.match(words);
      await poll(
        "the connection's end",
        () => kubelet.connections.every(({ destroyed }) => destroyed) || undefined,
      );
      for (const { bytesRead } of kubelet.connections) expect(bytesRead).to.equal(0);
      expect(kubelet.requests).to.have.length(0);
    });

    it(`that ${what} is not looked at on the insecure transport`, async () => {
      kubelet.serve(certificate);
      expect(await ask("insecure")).to.equal("ok");
    });
  }

  it("is accepted where it is the node's own, with more organizations too", async () => {
    kubelet.serve(servingCertificate({ organization: ["somebody's", "system:nodes"] }));
    expect(await ask("verified")).to.equal("ok");
  });

  it("is accepted with the intermediate that signed it", async () => {
    const intermediate = authority.issueAuthority({ commonName: "below" });
    const leaf = servingCertificate({}, intermediate);
    kubelet.serve({ ...leaf, certificatePem: leaf.certificatePem + intermediate.certificatePem });
    expect(await ask("verified")).to.equal("ok");
  });

  it("is refused without the intermediate that signed it", async () => {
    kubelet.serve(servingCertificate({}, authority.issueAuthority({ commonName: "below" })));
    const { message } = await rejectionOf(ask("verified"));
    expect(message).to.contain("x509: certificate signed by unknown authority");
  });

  it("is accepted where the bundle has nothing but the intermediate that signed it, as Go has it", async () => {
    const intermediate = authority.issueAuthority({ commonName: "below" });
    kubelet.serve(servingCertificate({}, intermediate));
    const bundle = { pem: intermediate.certificatePem, certificates: [] };
    expect(await ask("verified", { ca: () => bundle })).to.equal("ok");
  });

  it("is refused on every new connection: no session of an accepted one is gone on with", async () => {
    const headers = { Connection: "close" };
    kubelet.handle = (_request, response) => void response.writeHead(200, headers).end("ok");
    kubelet.serve(servingCertificate());
    expect(await ask("verified")).to.equal("ok");
    kubelet.serve(servingCertificate({ nodeName: "n2" }));
    const node = nodeAt(kubelet.port);
    const again = client!.exchange({ node, transport: "verified", method: "GET", path: "/", headers: [] });
    expect((await rejectionOf(again)).code).to.equal("ERR_KUBELET_CERTIFICATE");
    expect(kubelet.resumptions.every((isReused) => !isReused)).to.equal(true);
  });

  describe("is counted as KEP-4872 wants it", () => {
    async function counted(work: () => Promise<unknown>): Promise<KubeletCertificateMessage[]> {
      const told: KubeletCertificateMessage[] = [];
      const listen = (message: unknown): void => void told.push(message as KubeletCertificateMessage);
      const channel = diagnosticsChannel("countersign:kubeletCertificate");
      channel.subscribe(listen);
      try {
        await work().catch(() => undefined);
      } finally {
        channel.unsubscribe(listen);
      }
      return told;
    }
    const detail = 'x509: certificate is for Common Name "system:node:n2", not "system:node:n1"';

    it("success", async () => {
      kubelet.serve(servingCertificate());
      expect(await counted(() => ask("verified"))).to.deep.equal([
        { node: "n1", status: "success", enforced: true },
      ]);
    });

    it("failure, which ends the connection", async () => {
      kubelet.serve(servingCertificate({ nodeName: "n2" }));
      expect(await counted(() => ask("verified"))).to.deep.equal([
        { node: "n1", status: "failure", enforced: true, detail },
      ]);
    });

    it("failure where names are ignored, which ends nothing", async () => {
      kubelet.serve(servingCertificate({ nodeName: "n2" }));
      let body = "";
      const told = await counted(async () => {
        body = await ask("verified", { nodeNames: "ignore" });
      });
      expect(body).to.equal("ok");
      expect(told).to.deep.equal([{ node: "n1", status: "failure", enforced: false, detail }]);
    });

    it("nothing where the chain does not verify, or nobody looks", async () => {
      kubelet.serve(servingCertificate({}, otherAuthority));
      expect(await counted(() => ask("verified"))).to.deep.equal([]);
      expect(await counted(() => ask("insecure"))).to.deep.equal([]);
    });
  });

  it("still has to verify where names are ignored", async () => {
    kubelet.serve(servingCertificate({}, otherAuthority));
    const { code } = await rejectionOf(ask("verified", { nodeNames: "ignore" }));
    expect(code).to.equal("ERR_KUBELET_CERTIFICATE");
  });
});
