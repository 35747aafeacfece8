import { expect } from "chai";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { administrator, createCaller, type ServiceAccountCaller } from "./callers.ts";
import { ask, type Credentials } from "./kubelet-request.ts";
import type { KubeletContract } from "./kubelet-target.ts";

/** kubernetes/kubernetes cmd/kubelet/app/auth.go: client certificates, then bearer tokens, then nobody. */
export function describeAuthentication(contract: KubeletContract): void {
  describe("authentication", () => {
    let caller: ServiceAccountCaller;
    const ofStranger = () =>
      createCertificateAuthority().issue({ commonName: "administrator", organization: "system:masters" });
    const statusOf = async (credentials: Credentials) =>
      (await ask(contract.target(), "/metrics", credentials)).status;
    before(async () => {
      caller = await createCaller(contract, [{ subresource: "metrics" }]);
    });

    const unauthorized = (title: string, credentials: () => Credentials): void => {
      it(`refuses ${title}`, async () => {
        const { status, headers, text } = await ask(contract.target(), "/metrics", credentials());
        expect({ status, text }).to.deep.equal({ status: 401, text: "Unauthorized" });
        expect(headers["content-type"]).to.equal("text/plain; charset=utf-8");
        expect(headers).to.not.have.property("www-authenticate");
      });
    };
    unauthorized("who presents nothing", () => ({}));
    unauthorized("a token that is none", () => ({ token: "garbage" }));
    unauthorized("a certificate of somebody else's CA", () => ({ certificate: ofStranger() }));
    unauthorized("a user and password", () => ({ authorization: "Basic YWRtaW46YWRtaW4=" }));
    unauthorized("a bearer of nothing", () => ({ authorization: "Bearer" }));
    unauthorized("a token after two spaces", () => ({ authorization: `Bearer  ${caller.token}` }));
    unauthorized("a certificate that has ended", () => ({
      certificate: contract.target().issue({
        commonName: "administrator",
        organization: "system:masters",
        notBefore: Date.now() - 7_200_000,
        notAfter: Date.now() - 3_600_000,
      }),
    }));
    unauthorized("a serving certificate", () => ({
      certificate: contract.target().issue({
        commonName: "administrator",
        organization: "system:masters",
        usages: ["serverAuth"],
      }),
    }));
    unauthorized("a certificate without a name", () => ({
      certificate: contract.target().issue({ commonName: "", organization: "system:masters" }),
    }));

    it("takes a certificate of its client CA", async () => {
      expect(await statusOf(administrator(contract))).to.equal(200);
    });

    it("takes a ServiceAccount's token", async () => {
      expect(await statusOf(caller)).to.equal(200);
    });

    it("takes a token whose scheme is written in small letters", async () => {
      expect(await statusOf({ authorization: `bearer ${caller.token}` })).to.equal(200);
    });

    it("takes a good token beside somebody else's certificate", async () => {
      expect(await statusOf({ token: caller.token, certificate: ofStranger() })).to.equal(200);
    });

    it("does not look at a bad token beside a good certificate", async () => {
      expect(await statusOf({ token: "garbage", ...administrator(contract) })).to.equal(200);
    });

    it("knows no impersonation", async () => {
      const { username, token } = await createCaller(contract, []);
      const { status, text } = await ask(contract.target(), "/metrics", {
        token,
        headers: { "impersonate-user": "administrator", "impersonate-group": "system:masters" },
      });
      expect(status).to.equal(403);
      expect(text).to.contain(`user=${username},`);
    });
  });
}
