import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { expect } from "chai";
import { Secret } from "../../src/secret.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import {
  createPeerConnections,
  type PeerConnections,
  type PeerOptions,
  type PeerRequest,
} from "../../src/transport/peer-connections.ts";
import { rejectionOf } from "../rejection.ts";

const authority = createCertificateAuthority();
const serving = authority.issue({
  commonName: "peer",
  dnsNames: ["peer.example"],
  ipAddresses: ["127.0.0.1"],
});
const answerOf = (body: string, head = ""): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`;

/** What the peer does with a request on one of its connections. */
type Reaction = (socket: TLSSocket, requestsBefore: number) => void;

describe("peer connections", () => {
  let server: Server;
  let port: number;
  let react: Reaction;
  let accepted: TLSSocket[];
  let requests: string[];
  const opened: PeerConnections[] = [];

  before(async () => {
    server = createServer({
      cert: serving.certificatePem,
      key: serving.keyPem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    server.on("tlsClientError", () => undefined);
    server.on("secureConnection", (socket) => {
      accepted.push(socket);
      let before = 0;
      socket.on("error", () => undefined);
      socket.setEncoding("latin1").on("data", (text: string) => {
        requests.push(text);
        react(socket, before++);
      });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    ({ port } = server.address() as AddressInfo);
  });
  beforeEach(() => {
    accepted = [];
    requests = [];
    react = (socket) => void socket.write(answerOf("yes"));
  });
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
    for (const socket of accepted) socket.destroy();
  });
  after((done) => void server.close(done));

  function connections(options: Partial<PeerOptions> = {}): PeerConnections {
    const peer = createPeerConnections({
      ...{ host: "127.0.0.1", port, serverName: "peer.example", ca: authority.certificatePem },
      ...options,
    });
    opened.push(peer);
    return peer;
  }
  const request: PeerRequest = {
    ...{ method: "POST", path: "/p?q=1", headers: ["Host", "peer.example", "X-One", "1"] },
    ...{ body: Buffer.from("{}"), timeoutMs: 10_000, maxResponseBytes: 100, peer: "the peer" },
  };
  const ask = async (peer: PeerConnections, members: Partial<PeerRequest> = {}): Promise<string> =>
    (await peer.exchange({ ...request, ...members })).body.toString();
  const faultOf = async (members: Partial<PeerRequest> = {}, options: Partial<PeerOptions> = {}) =>
    rejectionOf(ask(connections(options), members));

  it("sends what it is given and gives back the whole answer", async () => {
    react = (socket) => {
      socket.write("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\nRetry-After: 7\r\n\r\n3\r\nno,\r\n");
      setImmediate(() => socket.write("4\r\n no!\r\n0\r\n\r\n"));
    };
    const { status, retryAfter, body } = await connections().exchange(request);
    expect([status, retryAfter, body.toString()]).to.deep.equal([503, "7", "no, no!"]);
    expect(requests[0])
      .to.match(/^POST \/p\?q=1 HTTP\/1\.1\r\nhost: peer\.example\r\n/i)
      .and.include("X-One: 1\r\n");
  });

  it("keeps its connection, and opens another only for what comes at the same time", async () => {
    const peer = connections();
    for (const _ of Array.from({ length: 5 })) expect(await ask(peer)).to.equal("yes");
    expect(accepted).to.have.length(1);
    await Promise.all([ask(peer), ask(peer), ask(peer)]);
    await Promise.all([ask(peer), ask(peer), ask(peer)]);
    expect(accepted).to.have.length(3);
  });

  it("speaks HTTP/1.1 where the peer would rather have HTTP/2", async () => {
    await ask(connections());
    expect(accepted[0]?.alpnProtocol).to.equal("http/1.1");
  });

  it("presents its certificate, and never over a connection of somebody else", async () => {
    const { certificatePem, keyPem } = authority.issue({ commonName: "caller" });
    const caller = connections({
      clientCertificate: { certificate: certificatePem, key: new Secret(keyPem) },
    });
    const nobody = connections();
    await Promise.all([ask(caller), ask(nobody)]);
    await Promise.all([ask(caller), ask(nobody)]);
    const names = accepted.map((socket) => socket.getPeerCertificate().subject?.CN ?? "nobody");
    expect(names).to.have.members(["caller", "nobody"]);
  });

  it("asks anew over a fresh connection where one that was kept had been closed", async () => {
    const peer = connections();
    await ask(peer);
    react = (socket, before) => (before > 0 ? socket.destroy() : socket.write(answerOf("anew")));
    expect(await ask(peer)).to.equal("anew");
    expect(accepted).to.have.length(2);
  });

  it("asks nothing twice of a peer that closes a fresh connection, or that has begun to answer", async () => {
    react = (socket) => socket.destroy();
    expect((await faultOf()).message).to.match(/^the peer: the connection was closed before an answer came/);
    expect(requests).to.have.length(1);
    const peer = connections();
    react = (socket, before) =>
      before === 0
        ? socket.write(answerOf("yes"))
        : socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal");
    await ask(peer);
    expect((await rejectionOf(ask(peer))).message).to.equal("the peer: the answer ended early");
    expect(requests).to.have.length(3);
  });

  it("goes on where the peer closes after its answer", async () => {
    react = (socket) => socket.end(answerOf("bye", "Connection: close\r\n"));
    const peer = connections();
    expect([await ask(peer), await ask(peer)]).to.deep.equal(["bye", "bye"]);
    expect(accepted).to.have.length(2);
  });

  it("gives up when the time is over, connecting included, and closes the connection", async () => {
    const peer = connections();
    await ask(peer);
    react = () => undefined;
    const error = await rejectionOf(ask(peer, { timeoutMs: 60 }));
    expect([error.code, error.message]).to.deep.equal([
      "ERR_TRANSPORT_TIMEOUT",
      "the peer did not answer within 60 ms",
    ]);
    if (!accepted[0]!.closed) await once(accepted[0]!, "close");
    const silent = (await import("node:net")).createServer();
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const held: Promise<unknown> = once(silent, "connection").then(([socket]) =>
      once(socket.resume(), "close"),
    );
    const { port: silentPort } = silent.address() as AddressInfo;
    expect((await faultOf({ timeoutMs: 60 }, { port: silentPort })).code).to.equal("ERR_TRANSPORT_TIMEOUT");
    await held;
    silent.close();
  });

  it("gives up with the caller's reason, before and during an exchange", async () => {
    const reason = new Error("gave up");
    const early = await ask(connections(), { signal: AbortSignal.abort(reason) }).catch((error) => error);
    const controller = new AbortController();
    react = () => controller.abort(reason);
    const late = await ask(connections(), { signal: controller.signal }).catch((error) => error);
    expect([early, late]).to.deep.equal([reason, reason]);
  });

  it("reads no more than it may", async () => {
    react = (socket) => void socket.write(answerOf("x".repeat(101)));
    expect((await faultOf()).message).to.equal("the peer answered with more than 100 bytes");
    react = (socket) => void socket.write(answerOf("x".repeat(100)));
    expect(await ask(connections())).to.have.length(100);
  });

  it("follows no redirect", async () => {
    react = (socket) =>
      void socket.write(
        `HTTP/1.1 307 Elsewhere\r\nLocation: https://127.0.0.1:${port}/\r\nContent-Length: 0\r\n\r\n`,
      );
    expect((await connections().exchange(request)).status).to.equal(307);
    expect(requests).to.have.length(1);
  });

  const faults: readonly (readonly [string, Partial<PeerOptions>, RegExp])[] = [
    [
      "an unknown CA",
      { ca: createCertificateAuthority().certificatePem },
      /not signed by a CA we trust here/,
    ],
    ["another name", { serverName: "other.example" }, /certificate is for other names/],
    ["a port where nobody listens", { port: 1 }, /the connection was refused/],
    [
      "anybody with a key that is none",
      { clientCertificate: { certificate: serving.certificatePem, key: new Secret("s3cret") } },
      /the exchange failed \(ERR_/,
    ],
  ];
  for (const [what, options, expected] of faults)
    it(`sends nothing to ${what}`, async () => {
      const error = await faultOf({}, options);
      expect(error.code).to.equal("ERR_TRANSPORT");
      expect(error.message).to.match(expected);
      expect(requests).to.deep.equal([]);
    });

  it("does not tell what a header held that cannot be sent", async () => {
    const error = await faultOf({ headers: ["Authorization", "Bearer s3cret\n"] });
    expect(error.message).to.not.include("s3cret");
  });

  it("says that an answer is not HTTP", async () => {
    react = (socket) => void socket.write("SSH-2.0-x\r\n\r\n");
    expect((await faultOf()).message).to.match(/^the peer: the answer is not HTTP/);
  });

  it("closes what is idle at once, and what is in use after its answer", async () => {
    const peer = connections();
    await ask(peer);
    let answer: (() => void) | undefined;
    react = (socket) => {
      answer = () => void socket.write(answerOf("late"));
    };
    const outcome = Promise.all([ask(peer), ask(peer).catch(() => undefined)]);
    await until(() => requests.length === 3);
    peer.close();
    answer!();
    for (const socket of accepted) if (!socket.closed) socket.write(answerOf("late"));
    expect(await outcome).to.include("late");
    await until(() => accepted.every(({ closed }) => closed));
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
