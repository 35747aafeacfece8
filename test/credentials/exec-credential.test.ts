import { expect } from "chai";
import fc from "fast-check";
import {
  decodeExecCredential,
  type ExecCredentialStatus,
  encodeExecCredential,
  placeholderToken,
} from "../../src/credentials/exec-credential.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";

const review = (changes: Record<string, unknown> = {}) => ({
  apiVersion: "client.authentication.k8s.io/v1",
  kind: "ExecCredential",
  spec: {
    interactive: false,
    cluster: { server: "https://a.b.svc:443", "tls-server-name": "a.b.svc", config: null },
  },
  ...changes,
});
const decode = (value: unknown) => decodeExecCredential(JSON.stringify(value));
const refusal = (text: string | undefined): string => {
  try {
    decodeExecCredential(text);
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError).with.property("code", "ERR_CONFIGURATION");
    return (error as Error).message;
  }
  return expect.fail("nothing was refused");
};

describe("decodeExecCredential", () => {
  for (const version of ["v1", "v1beta1"])
    it(`reads ${version}`, () => {
      const apiVersion = `client.authentication.k8s.io/${version}`;
      expect(decode(review({ apiVersion }))).to.deep.include({ apiVersion });
    });

  it("reads the endpoint", () => {
    expect(decode(review()).cluster).to.include({
      server: "https://a.b.svc:443",
      "tls-server-name": "a.b.svc",
    });
  });

  it("passes over fields that are not known here", () => {
    expect(
      decode(review({ spec: { cluster: { server: "https://a", "disable-http2": true }, more: 1 } })).cluster,
    ).to.include({ server: "https://a" });
  });

  it("knows no endpoint where the kubeconfig does not provide it", () => {
    for (const spec of [{ interactive: false }, { cluster: null }, undefined])
      expect(decode(review({ spec }))).to.deep.equal({ apiVersion: "client.authentication.k8s.io/v1" });
  });

  it("says how it is meant to be run where the variable is missing", () => {
    for (const text of [undefined, ""])
      expect(refusal(text)).to.match(/^KUBERNETES_EXEC_INFO: is not set.*kubeconfig/);
  });

  it("names what is wrong", () => {
    const json = (value: unknown) => refusal(JSON.stringify(value));
    expect(refusal("{")).to.equal("KUBERNETES_EXEC_INFO: is not JSON");
    expect(json([])).to.equal("KUBERNETES_EXEC_INFO: must be an object");
    expect(json(review({ apiVersion: "client.authentication.k8s.io/v1alpha1" }))).to.include(
      "apiVersion must be one of",
    );
    expect(json(review({ kind: "Secret" }))).to.include("kind must be ExecCredential");
    expect(json(review({ spec: 1 }))).to.include("spec must be an object");
    expect(json(review({ spec: { cluster: "a" } }))).to.include("spec.cluster must be an object");
    expect(json(review({ spec: { cluster: {} } }))).to.include("spec.cluster.server must be set");
    expect(json(review({ spec: { cluster: { server: 1 } } }))).to.include(
      "spec.cluster.server must be a string",
    );
  });

  it("refuses any text that is not such a review, and throws nothing else", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => refusal(text) !== ""));
  });
});

describe("encodeExecCredential", () => {
  const encode = (at: string, more: Partial<ExecCredentialStatus> = {}) =>
    JSON.parse(
      encodeExecCredential("client.authentication.k8s.io/v1beta1", {
        token: "t",
        askAgainAt: Date.parse(at),
        ...more,
      }),
    );

  it("answers in the version that asked", () => {
    expect(encode("2026-11-21T08:00:00Z")).to.deep.equal({
      apiVersion: "client.authentication.k8s.io/v1beta1",
      kind: "ExecCredential",
      status: { expirationTimestamp: "2026-11-21T08:00:00Z", token: "t" },
    });
  });

  it("carries a client certificate and its key together, as client-go wants them", () => {
    const clientCertificate = { certificate: "C", key: new Secret("K") };
    const { status } = encode("2026-11-21T08:00:00Z", { clientCertificate });
    expect(status).to.include({ token: "t", clientCertificateData: "C", clientKeyData: "K" });
  });

  it("rounds the expiry down to the second, never up", () => {
    expect(encode("2026-11-21T08:00:00.999Z").status.expirationTimestamp).to.equal("2026-11-21T08:00:00Z");
  });
});

describe("the placeholder", () => {
  it("is no JWT and not empty, so that client-go sends it and no verifier takes it", () => {
    expect(placeholderToken).to.match(/^[a-z-]+$/);
  });
});
