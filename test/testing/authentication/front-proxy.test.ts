import { expect } from "chai";
import type { RequestHeaderConfiguration } from "../../../src/authentication/request-header.ts";
import { Secret } from "../../../src/secret.ts";
import { frontProxyConfiguration } from "../../../src/testing/authentication/front-proxy.ts";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import { watchAuthenticationConfigMap } from "../../../src/transport/authentication-config-map.ts";
import { createRestClient } from "../../../src/transport/rest-client.ts";

/** Its certificates as PEM, by which two of them can be compared. */
const readable = ({ ca, ...rest }: RequestHeaderConfiguration) => ({ ca: ca.map(String), ...rest });

describe("the front proxy of an embedded control plane", () => {
  let controlPlane: ControlPlane;
  before(async () => {
    controlPlane = await startControlPlane();
  });
  after(() => controlPlane.stop());

  it("is believed by the name and headers that kubeadm gives it", () => {
    const { certificatePem } = controlPlane.frontProxyAuthority;
    expect(readable(frontProxyConfiguration(certificatePem))).to.deep.equal({
      ca: [certificatePem],
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["X-Remote-User"],
      uidHeaders: ["X-Remote-Uid"],
      groupHeaders: ["X-Remote-Group"],
      extraHeaderPrefixes: ["X-Remote-Extra-"],
    });
  });

  it("has an authority of its own", () => {
    const { certificateAuthority, frontProxyAuthority, caPem } = controlPlane;
    expect(frontProxyAuthority.certificatePem).to.not.equal(certificateAuthority.certificatePem);
    expect(caPem).to.equal(certificateAuthority.certificatePem);
  });

  it("is what our own aggregated servers read of the control plane", async () => {
    const { url, caPem, adminToken, certificateAuthority, frontProxyAuthority } = controlPlane;
    const token = { token: async () => ({ token: new Secret(adminToken), requestedAt: 0, expiresAt: 9e15 }) };
    const client = createRestClient({ server: url, ca: caPem, token });
    const map = await watchAuthenticationConfigMap({ client });
    try {
      expect(readable(map.requestHeader()!)).to.deep.equal(
        readable(frontProxyConfiguration(frontProxyAuthority.certificatePem)),
      );
      expect(map.clientCA().map(String)).to.deep.equal([certificateAuthority.certificatePem]);
    } finally {
      map.close();
      client.close();
    }
  });
});
