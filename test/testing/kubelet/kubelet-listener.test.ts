import type { IncomingMessage } from "node:http";
import type { Server } from "node:https";
import { expect } from "chai";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import {
  createKubeletListener,
  type KubeletListener,
} from "../../../src/testing/kubelet/kubelet-listener.ts";
import { ask } from "../../contract/kubelet/kubelet-request.ts";

describe("the embedded kubelet's listener", () => {
  const authority = createCertificateAuthority();
  const certificate = authority.issue({ commonName: "kubelet", ipAddresses: ["127.0.0.1"] });
  let listener: KubeletListener;
  let url: string;
  let received: IncomingMessage | undefined;
  beforeEach(async () => {
    listener = createKubeletListener({
      ...{ certificate, clientCaPem: undefined, mounts: [] },
      onRequest: (request) => {
        received = request;
      },
      refusalOf: async () => undefined,
    });
    url = `https://127.0.0.1:${await listener.listen(0, "127.0.0.1")}`;
  });
  afterEach(() => listener.close());

  const statusWith = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await ask({ url, caPem: authority.certificatePem }, "/", { headers })).status;

  it("takes a head of a million bytes, and refuses one of two", async () => {
    expect(await statusWith({ "X-Long": "x".repeat(1_000_000) })).to.equal(404);
    expect(received?.headers["x-long"]).to.have.length(1_000_000);
    const refusal = await statusWith({ "X-Long": "x".repeat(2_000_000) }).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    // it may hang up before its answer has been read
    expect(refusal).to.be.oneOf([431, "ECONNRESET", "EPIPE"]);
  });

  it("takes as many headers as fit in", async () => {
    const headers = Object.fromEntries(Array.from({ length: 5_000 }, (_, count) => [`X-${count}`, "1"]));
    expect(await statusWith(headers)).to.equal(404);
    expect(received?.headers).to.include({ "x-0": "1", "x-4999": "1" });
  });

  it("leaves a request four hours, its head too, and an idle connection 90 s", async () => {
    await statusWith({});
    const { server } = received!.socket as unknown as { readonly server: Server };
    const { requestTimeout, headersTimeout, keepAliveTimeout } = server;
    expect({ requestTimeout, headersTimeout, keepAliveTimeout }).to.deep.equal({
      requestTimeout: 14_400_000,
      headersTimeout: 14_400_000,
      keepAliveTimeout: 90_000,
    });
  });
});
