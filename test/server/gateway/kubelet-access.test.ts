import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Node } from "../../../src/apis/node.ts";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { parseGatewayConfiguration } from "../../../src/configuration/load-gateway-configuration.ts";
import { type KubeletAccess, loadKubeletAccess } from "../../../src/server/gateway/kubelet-access.ts";
import { createKeptParts, type KeptParts } from "../../../src/server/parts/kept-parts.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { rejectionOf } from "../../rejection.ts";

const node = (address: string, port: number): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "evil" },
  status: {
    addresses: [{ type: "InternalIP", address }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  },
});

describe("loadKubeletAccess", () => {
  const authority = createCertificateAuthority();
  const pair = authority.issue({ commonName: "kubelet-client" });
  let folder: string;
  let kept: KeptParts;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-kubelet-access-"));
    kept = createKeptParts();
    writeFileSync(join(folder, "c.crt"), pair.certificatePem);
    writeFileSync(join(folder, "c.key"), pair.keyPem);
    writeFileSync(join(folder, "ca.crt"), authority.certificatePem);
  });
  afterEach(async () => {
    await kept.close();
    rmSync(folder, { recursive: true });
  });

  const load = async (server: string, clock: Clock = systemClock, port = 10250): Promise<KubeletAccess> => {
    const text = `apiVersion: countersign.dev/v1alpha1
kind: GatewayConfiguration
tls: {certFile: c.crt, keyFile: c.key}
authentication: {tokenReview: {}}
kubelet:
  clientCertificate: {certFile: c.crt, keyFile: c.key}
  caFile: ca.crt
  addressRanges: [0.0.0.0/0, "::/0"]
  addressTypes: [InternalIP]
  ports: [443, 6443, ${port}]
  timeout: 1s
`;
    const { kubelet: configuration } = parseGatewayConfiguration(text, { file: "g", directory: folder });
    const loaded = await kept.load((keep) => loadKubeletAccess({ configuration, server, clock }, keep));
    await loaded.commit();
    return loaded.value;
  };

  const request = { transport: "verified", method: "GET", path: "/metrics", headers: [] } as const;

  for (const [server, address, port] of [
    ["https://10.0.0.1:6443", "10.0.0.1", 6443],
    ["https://10.0.0.1", "10.0.0.1", 443],
    ["https://[fd00::1]:6443/", "fd00::1", 6443],
    ["https://localhost:6443", "127.0.0.1", 6443],
  ] as const)
    it(`never takes ${server} for a kubelet, whatever a node says and the ranges allow`, async () => {
      const { kubelets } = await load(server);
      const unverified = { ...request, transport: "insecure" } as const;
      const refused = await rejectionOf(kubelets.exchange({ ...unverified, node: node(address, port) }));
      expect(refused).to.include({ code: "ERR_KUBELET_ADDRESS" });
      expect(refused.message).to.contain("is the API server itself");
    });

  it("waits for a kubelet as long as the configuration says", async () => {
    const accepted: Socket[] = [];
    const silent = createServer((socket) => void accepted.push(socket.resume()));
    await once(silent.listen(0, "127.0.0.1"), "listening");
    try {
      const { port } = silent.address() as AddressInfo;
      const { kubelets } = await load("https://10.0.0.1", systemClock, port);
      const refused = await rejectionOf(kubelets.exchange({ ...request, node: node("127.0.0.1", port) }));
      expect(refused.message).to.contain("timeout awaiting response headers (1000 ms)");
    } finally {
      for (const socket of accepted) socket.destroy();
      silent.close();
    }
  });

  it("does not look a name up again for 5 s of its clock that nobody knew", async () => {
    let now = Date.now();
    const { kubelets } = await load("https://10.0.0.1", { ...systemClock, now: () => now });
    // no name, which every resolver knows without asking a name server
    const nowhere = node("a..b", 10250);
    const causeOf = async () => (await rejectionOf(kubelets.exchange({ ...request, node: nowhere }))).cause;
    const first = await causeOf();
    expect(first).to.be.an.instanceOf(Error);
    now += 4_999;
    expect(await causeOf()).to.equal(first);
    now += 1;
    expect(await causeOf()).not.to.equal(first);
  });

  it("is not ready with a client certificate that has expired, or is not valid yet", async () => {
    const [check] = (await load("https://10.0.0.1")).checks;
    expect(check?.name).to.equal("kubelet-client-certificate");
    expect(() => check!.check()).not.to.throw();
    const yearMs = 366 * 86_400_000;
    for (const now of [Date.now() + yearMs, Date.now() - yearMs]) {
      const [other] = (await load("https://10.0.0.1", { ...systemClock, now: () => now })).checks;
      expect(() => other!.check()).to.throw("the client certificate for kubelets");
    }
  });

  it("keeps its connections where nothing of the configuration changed", async () => {
    const first = await load("https://10.0.0.1");
    expect((await load("https://10.0.0.1")).kubelets).to.equal(first.kubelets);
    expect((await load("https://10.0.0.2")).kubelets).not.to.equal(first.kubelets);
  });

  it("refuses a certificate that is for serving only, at start and where it comes later", async () => {
    const { clientCertificate } = await load("https://10.0.0.1");
    const first = clientCertificate.current;
    const serving = authority.issue({ commonName: "gateway", dnsNames: ["localhost"] });
    writeFileSync(join(folder, "c.crt"), serving.certificatePem);
    writeFileSync(join(folder, "c.key"), serving.keyPem);
    await clientCertificate.check();
    expect(clientCertificate.current).to.equal(first);
    await kept.close();
    kept = createKeptParts();
    const failed = await rejectionOf(load("https://10.0.0.1"));
    expect(failed).to.include({ code: "ERR_CERTIFICATE_INVALID" });
    expect(failed.message).to.match(/c\.crt: is for serving only .*swapped/);
  });

  it("names the file that cannot be used", async () => {
    writeFileSync(join(folder, "c.key"), "nothing");
    const failed = await rejectionOf(load("https://10.0.0.1"));
    expect(failed).to.include({ code: "ERR_CERTIFICATE_INVALID" });
    expect(failed.message).to.contain("c.key");
  });
});
