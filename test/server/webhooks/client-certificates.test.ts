import type { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { parseCABundle } from "../../../src/certificates/ca-bundle.ts";
import { systemClock } from "../../../src/clock.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { mint } from "../../authentication/minting.ts";
import { createRoute, path, type Recorder, record, startWebhook, type WebhookRig } from "./webhook-rig.ts";

const trusted = createCertificateAuthority({ commonName: "callers" });
const intermediate = trusted.issueAuthority({ commonName: "callers-intermediate" });
const stranger = createCertificateAuthority({ commonName: "strangers" });
const certificatesOf = (pem: string): readonly X509Certificate[] => parseCABundle(pem, "ca").certificates;

describe("a route that accepts client certificates", () => {
  let rig: WebhookRig;
  let recorder: Recorder;
  let roots = certificatesOf(trusted.certificatePem);
  const clientCertificates = { names: ["kube-apiserver"], ca: () => roots };
  before(async () => {
    const { authenticator } = createRoute({ callers: { clientCertificates, clock: systemClock } });
    rig = await startWebhook(
      [createRoute({ authenticator: authenticator! }), createRoute({ path: "/tokens" })],
      { clientCAs: [trusted.certificatePem] },
    );
  });
  after(() => rig.close());
  beforeEach(() => {
    recorder = record();
  });
  afterEach(() => recorder.stop());

  const agentWith = ({ certificatePem, keyPem }: { certificatePem: string; keyPem: string }, chain = "") =>
    rig.agent({ cert: certificatePem + chain, key: keyPem });
  const good = trusted.issue({ commonName: "kube-apiserver" });

  it("knows a caller by its certificate alone", async () => {
    const { body } = await rig.post({ agent: agentWith(good) });
    expect(body.response?.allowed).to.equal(true);
    expect(recorder.requests[0]).to.include({ caller: "kube-apiserver", method: "clientCertificate" });
  });

  // Node 24 does not show a server the intermediates its peer sent: what cannot be verified is refused
  const shown = Number.parseInt(process.versions.node, 10) < 24;

  it("takes the intermediates that came with it, at every request of the connection", async () => {
    const agent = agentWith(
      intermediate.issue({ commonName: "kube-apiserver" }),
      intermediate.certificatePem,
    );
    for (let count = 0; count < 3; count++)
      expect((await rig.post({ agent })).body.response?.allowed).to.equal(shown);
  });

  for (const [name, issued, code] of [
    ["another CA's", stranger.issue({ commonName: "kube-apiserver" }), "ERR_CERTIFICATE_UNTRUSTED"],
    ["another name's", trusted.issue({ commonName: "kubelet" }), "ERR_CERTIFICATE_UNNAMED"],
    [
      "an expired",
      trusted.issue({ commonName: "kube-apiserver", notAfter: Date.now() - 1000 }),
      "ERR_CERTIFICATE_UNTRUSTED",
    ],
    [
      "a server's",
      trusted.issue({ commonName: "kube-apiserver", usages: ["serverAuth"] }),
      "ERR_CERTIFICATE_UNTRUSTED",
    ],
  ] as const)
    it(`denies ${name} certificate over a connection that TLS let in`, async () => {
      const answer = await rig.post({ agent: agentWith(issued) });
      expect(answer.status).to.equal(200);
      expect(answer.body.response?.allowed).to.equal(false);
      expect(recorder.refusals.map((refusal) => refusal.code)).to.deep.equal([code]);
    });

  it("tells no certificate from a bad one", async () => {
    await rig.post();
    expect(recorder.refusals[0]?.code).to.equal("ERR_CREDENTIALS_MISSING");
  });

  it("denies a bad token beside a good certificate", async () => {
    const { body } = await rig.post({ agent: agentWith(good), token: "x.y.z" });
    expect(body.response?.allowed).to.equal(false);
  });

  it("leaves routes that know no certificates to their tokens", async () => {
    const agent = agentWith(good);
    expect((await rig.post({ agent, path: "/tokens", token: mint() })).body.response?.allowed).to.equal(true);
    expect((await rig.post({ agent, path: "/tokens" })).body.response?.allowed).to.equal(false);
  });

  it("asks the CA of now about a connection that was let in before it changed", async () => {
    const agent = rig.agent({ cert: good.certificatePem, key: good.keyPem, maxSockets: 1 });
    expect((await rig.post({ agent, path })).body.response?.allowed).to.equal(true);
    roots = certificatesOf(stranger.certificatePem);
    const refused = await rig.post({ agent, path });
    roots = certificatesOf(trusted.certificatePem);
    expect(refused.body.response?.allowed).to.equal(false);
  });
});
