import { expect } from "chai";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import { type Kubelet, startKubelet } from "../../../src/testing/kubelet/kubelet.ts";
import type { KubeletOptions } from "../../../src/testing/kubelet/kubelet-options.ts";
import { ask, type Credentials } from "../../contract/kubelet/kubelet-request.ts";
import { rejectionOf } from "../../rejection.ts";
import { answerJSON, readBody, startTLSServer, type TLSServer } from "../../tls-server.ts";
import { administratorOf } from "./kubelet-connection.ts";

describe("who may what at the embedded kubelet", () => {
  let controlPlane: ControlPlane;
  let kubelet: Kubelet | undefined;
  let liar: TLSServer | undefined;
  before(async () => {
    controlPlane = await startControlPlane();
  });
  after(() => controlPlane.stop());
  afterEach(async () => {
    await kubelet?.stop();
    kubelet = undefined;
    await liar?.close();
  });
  const start = async (options: KubeletOptions): Promise<Kubelet> => {
    kubelet = await startKubelet(options);
    return kubelet;
  };
  const asked = async ({ url, certificateAuthority }: Kubelet, path: string, who: Credentials = {}) => {
    const { status, text } = await ask({ url, caPem: certificateAuthority.certificatePem }, path, who);
    return `${status} ${text}`;
  };

  it("is nobody who is not known, unless anybody is", async () => {
    expect(await asked(await start({}), "/healthz")).to.equal("401 Unauthorized");
    await kubelet?.stop();
    expect(await asked(await start({ authentication: { anonymous: true } }), "/healthz")).to.equal("200 ok");
  });

  it("is everybody who is known where everything is allowed", async () => {
    const open = await start({ controlPlane, authorization: { mode: "AlwaysAllow" } });
    const certificate = controlPlane.certificateAuthority.issue({ commonName: "somebody" });
    expect(await asked(open, "/healthz", { certificate })).to.equal("200 ok");
    expect(await asked(open, "/healthz", { token: controlPlane.adminToken })).to.equal("200 ok");
    expect(await asked(open, "/healthz")).to.equal("401 Unauthorized");
  });

  it("is no token's owner where tokens are not looked at", async () => {
    const closed = await start({ controlPlane, authentication: { webhook: false } });
    expect(await asked(closed, "/healthz", { token: controlPlane.adminToken })).to.equal("401 Unauthorized");
    expect(await asked(closed, "/healthz", { certificate: administratorOf(closed) })).to.equal("200 ok");
  });

  it("is asked about by fewer names before the gate", async () => {
    const older = await start({ controlPlane, authorization: { fineGrained: false } });
    const certificate = controlPlane.certificateAuthority.issue({ commonName: "somebody" });
    const refusal = (name: string) =>
      `403 Forbidden (user=somebody, verb=get, resource=nodes, subresource(s)=[${name}])\n`;
    expect(await asked(older, "/pods", { certificate })).to.equal(refusal("proxy"));
    expect(await asked(older, "/metrics", { certificate })).to.equal(refusal("metrics"));
  });

  it("is anonymous to the authorizer, too", async () => {
    const asking = await start({ controlPlane, authentication: { anonymous: true } });
    expect(await asked(asking, "/metrics")).to.equal(
      "403 Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource(s)=[metrics])\n",
    );
    expect(await asked(asking, "/metrics", { token: "garbage" })).to.equal("401 Unauthorized");
  });

  it("is not to be told while the API server is away", async () => {
    const away = await startControlPlane();
    const orphan = await start({ controlPlane: away });
    await away.stop();
    const certificate = administratorOf(orphan);
    expect(await asked(orphan, "/pods", { certificate })).to.equal(
      "500 Authorization error (user=administrator, verb=get, resource=nodes, subresource=pods)",
    );
    expect(await asked(orphan, "/pods", { token: away.adminToken })).to.equal("401 Unauthorized");
  });

  it("is not to be told by a review that contradicts itself", async () => {
    liar = await startTLSServer(async (request, response) =>
      answerJSON(response, 201, {
        ...JSON.parse(await readBody(request)),
        status: { allowed: true, denied: true },
      }),
    );
    const certificateAuthority = createCertificateAuthority();
    const misled = await start({
      controlPlane: { ...controlPlane, url: liar.url, caPem: liar.ca, certificateAuthority },
      authentication: { anonymous: true },
    });
    expect(await asked(misled, "/metrics")).to.match(/^500 Authorization error \(user=system:anonymous/);
  });

  it("is by certificates of a CA of its own", async () => {
    const { certificatePem: clientCaPem, issue } = createCertificateAuthority();
    const apart = await start({ controlPlane, authentication: { clientCaPem } });
    const administrator = { commonName: "administrator", organization: "system:masters" };
    expect(await asked(apart, "/healthz", { certificate: issue(administrator) })).to.equal("200 ok");
    expect(await asked(apart, "/healthz", { certificate: administratorOf(apart) })).to.equal(
      "401 Unauthorized",
    );
  });

  for (const options of [
    { authentication: { webhook: true } },
    { authorization: { mode: "Webhook" } },
  ] as const)
    it(`cannot be asked of nobody: ${JSON.stringify(options)}`, async () => {
      const error = await rejectionOf(startKubelet(options));
      expect(error).to.include({ code: "ERR_CONFIGURATION" });
    });
});
