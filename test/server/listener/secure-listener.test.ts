import { readFileSync } from "node:fs";
import type { IncomingMessage, RequestListener } from "node:http";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { expect } from "chai";
import {
  asksForCertificates,
  createSecureListener,
  exchangeTLSMaterial,
  type TLSMaterial,
} from "../../../src/server/listener/secure-listener.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { until } from "../../until.ts";
import { authority, keyPair } from "../webhooks/webhook-rig.ts";

const bare: TLSMaterial = { keyPair, clientCAs: [], minVersion: "TLSv1.2" };

describe("a TLS listener", () => {
  let server: Server | undefined;
  const seen: IncomingMessage[] = [];
  beforeEach(() => {
    seen.length = 0;
  });
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const handler: RequestListener = (request, response) => {
    seen.push(request);
    response.end("ok");
  };
  const listen = (tls: TLSMaterial, maxHeaderBytes?: number): Promise<number> => {
    const created = createSecureListener({
      ...{ tls, handler, requestTimeoutMs: 10_000 },
      ...(maxHeaderBytes !== undefined && { maxHeaderBytes }),
    });
    server = created;
    return new Promise((resolve) =>
      created.listen(0, "127.0.0.1", () => resolve((created.address() as AddressInfo).port)),
    );
  };
  /** Sends a text as it stands, and gives all that comes back. */
  const exchange = (port: number, text: string, more: object = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { port, host: "127.0.0.1", ca: authority.certificatePem, servername: "localhost" };
      const socket: TLSSocket = connect({ ...options, ...more }, () => socket.write(text));
      let answer = "";
      socket.setEncoding("utf8").on("data", (chunk: string) => {
        answer += chunk;
      });
      socket.once("error", reject).once("close", () => resolve(answer));
    });
  const request = (headers: readonly string[]): string =>
    `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers.map((one) => `${one}\r\n`).join("")}\r\n`;

  it("passes over no header, however many there are", async () => {
    const port = await listen(bare, 64 * 1024);
    const many = Array.from({ length: 3_000 }, (_, index) => `X-${index}: a`);
    expect(await exchange(port, request([...many, "Impersonate-User: admin"]))).to.match(/^HTTP\/1\.1 200/);
    expect(seen[0]?.rawHeaders.slice(-2)).to.deep.equal(["Impersonate-User", "admin"]);
  });

  it("answers 431 where headers are larger than allowed, and shows nobody that request", async () => {
    const port = await listen(bare);
    expect(await exchange(port, request([`X-Large: ${"a".repeat(20_000)}`]))).to.match(/^HTTP\/1\.1 431/);
    expect(seen).to.deep.equal([]);
    expect(await exchange(port, request([`X-Large: ${"a".repeat(10_000)}`]))).to.match(/^HTTP\/1\.1 200/);
  });

  it("asks for client certificates where a CA is known or will be, and else for none", () => {
    const clientCAs = [{ pem: authority.certificatePem }];
    expect(asksForCertificates(bare)).to.equal(false);
    expect(asksForCertificates({ ...bare, clientCAs })).to.equal(true);
    expect(asksForCertificates({ ...bare, asksForCertificates: true })).to.equal(true);
  });

  it("takes any certificate where none of its CAs is known yet: whoever answers judges it", async () => {
    const foreign = createCertificateAuthority().issue({ commonName: "jane" });
    const port = await listen({ ...bare, asksForCertificates: true });
    const shown = { cert: foreign.certificatePem, key: foreign.keyPem };
    let subject: unknown;
    server!.on("secureConnection", (socket: TLSSocket) => {
      subject = socket.getPeerCertificate().subject?.CN;
    });
    expect(await exchange(port, request([]), shown)).to.match(/^HTTP\/1\.1 200/);
    expect(subject).to.equal("jane");
  });

  it("asks new connections from the moment on that its material is exchanged", async () => {
    const port = await listen(bare);
    const shown = authority.issue({ commonName: "jane" });
    const subjects: unknown[] = [];
    server!.on("secureConnection", (socket: TLSSocket) => {
      subjects.push(socket.getPeerCertificate().subject?.CN);
    });
    const ask = () => exchange(port, request([]), { cert: shown.certificatePem, key: shown.keyPem });
    await ask();
    exchangeTLSMaterial(server!, { ...bare, clientCAs: [{ pem: authority.certificatePem }] });
    await ask();
    expect(subjects).to.deep.equal([undefined, "jane"]);
  });

  it("probes connections over which nothing is said: their peer may be gone", async function () {
    if (process.platform !== "linux") this.skip();
    const port = await listen(bare);
    const options = { port, host: "127.0.0.1", ca: authority.certificatePem, servername: "localhost" };
    const socket = await new Promise<TLSSocket>((resolve) => {
      const connected: TLSSocket = connect(options, () => resolve(connected));
    });
    const hex = (number: number): string => number.toString(16).toUpperCase().padStart(4, "0");
    // local and remote address, state, queues, and the timer that runs: 02 is that of keepalive
    const own = new RegExp(
      `^ *\\d+: 0100007F:${hex(port)} 0100007F:${hex(socket.localPort!)} 01 \\S+ (\\d\\d):`,
      "m",
    );
    await until(() => own.exec(readFileSync("/proc/net/tcp", "utf8"))?.[1] === "02");
    socket.destroy();
  });

  it("keeps what it has where there is nothing to serve with", async () => {
    const port = await listen(bare);
    expect(() => exchangeTLSMaterial(server!, { ...bare, keyPair: undefined })).to.throw(
      "there is no certificate to serve with yet",
    );
    expect(await exchange(port, request([]))).to.match(/^HTTP\/1\.1 200/);
  });
});
