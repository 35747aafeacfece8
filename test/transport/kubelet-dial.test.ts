import { type EventEmitter, errorMonitor, once } from "node:events";
import { type AddressInfo, createServer as createTCPServer, type Server, type Socket } from "node:net";
import { createSecureContext, createServer, type TLSSocket } from "node:tls";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { dialKubelet, type KubeletDial } from "../../src/transport/kubelet-dial.ts";
import { until } from "../until.ts";

const { certificatePem: cert, keyPem: key } = createCertificateAuthority().issue({ commonName: "kubelet" });

describe("dialling a kubelet", () => {
  let server: Server;
  let port: number;
  /** Connections as they were accepted, and how many of them are still there. */
  let accepted: Socket[];
  let left: number;

  async function listen(listening: Server): Promise<void> {
    server = listening;
    accepted = [];
    left = 0;
    server.on("connection", (socket: Socket) => {
      accepted.push(socket.on("error", () => undefined).once("close", () => left--));
      left++;
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    ({ port } = server.address() as AddressInfo);
  }
  afterEach(async () => {
    for (const socket of accepted) socket.destroy();
    server.close();
    await once(server, "close");
  });

  const dial = (signal: AbortSignal, members: Partial<KubeletDial> = {}): Promise<TLSSocket> =>
    dialKubelet(
      {
        ...{ host: "127.0.0.1", port, secureContext: createSecureContext() },
        ...{ resolve: async () => [], admit: async (addresses: readonly string[]) => addresses },
        verify: () => undefined,
        ...members,
      },
      signal,
    );
  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => "connected",
      (error: unknown) => error,
    );

  it("ends with whoever asked where the peer accepts and never shakes hands, and its connection with it", async () => {
    await listen(createTCPServer((socket) => socket.resume()));
    const controller = new AbortController();
    const outcome = failureOf(dial(controller.signal));
    await until(() => left === 1, "the connection");
    const reason = new Error("gone");
    controller.abort(reason);
    expect(await outcome).to.equal(reason);
    await until(() => left === 0, "its end");
  });

  it("ends where the peer hangs up in the middle of the handshake", async () => {
    await listen(createTCPServer((socket) => socket.once("data", () => socket.end())));
    const outcome = await failureOf(dial(new AbortController().signal));
    expect(outcome).to.include({ code: "ECONNRESET" });
  });

  it("ends with what the verification throws, and the connection with it", async () => {
    await listen(createServer({ cert, key }));
    const fault = new Error("another's");
    const verify = (): void => {
      throw fault;
    };
    expect(await failureOf(dial(new AbortController().signal, { verify }))).to.equal(fault);
    await until(() => left === 0, "its end");
  });

  it("gives a connection that may break while nobody listens to it", async () => {
    await listen(createServer({ cert, key }));
    const socket = await dial(new AbortController().signal);
    // which is no listener: with it alone an error would end the process
    const emitter: EventEmitter = socket;
    const broken = new Promise<Error>((resolve) => emitter.once(errorMonitor, resolve));
    accepted[0]?.write("no record of TLS");
    expect(await broken).to.include({ code: "ERR_SSL_BAD_RECORD_TYPE" });
    socket.destroy();
  });
});
