import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { expect } from "chai";
import { parseCABundle } from "../../src/certificates/ca-bundle.ts";
import { diagnosticsChannel, type KubeletMessage } from "../../src/diagnostics.ts";
import {
  createKubeletClient,
  type KubeletClient,
  type KubeletClientOptions,
  type KubeletExchange,
} from "../../src/kubelet/kubelet-client.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import {
  authority,
  clientOptions,
  type KubeletServer,
  keyPair,
  nodeAt,
  otherAuthority,
  startKubeletServer,
} from "./kubelet-server.ts";

describe("the kubelet client", () => {
  let kubelet: KubeletServer;
  const clients: KubeletClient[] = [];
  beforeEach(async () => {
    kubelet = await startKubeletServer();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await kubelet.close();
  });

  function open(options: Partial<KubeletClientOptions> = {}): KubeletClient {
    const client = createKubeletClient({ ...clientOptions(kubelet.port), ...options });
    clients.push(client);
    return client;
  }
  const asked = (members: Partial<KubeletExchange> = {}): KubeletExchange => ({
    ...{
      node: nodeAt(kubelet.port),
      transport: "verified",
      method: "GET",
      path: "/pods?a=b%20c",
      headers: [],
    },
    ...members,
  });
  const read = async (client: KubeletClient, members: Partial<KubeletExchange> = {}): Promise<string> =>
    text((await client.exchange(asked(members))).body);

  describe("says what it was given", () => {
    it("the path to the byte, the address as Host, and of the headers those that are allowed", async () => {
      const headers = ["Accept", "a/b", "Authorization", "Bearer x", "Cookie", "c=d", "user-agent", "me"];
      expect(await read(open(), { path: "/pods//%2e%2E/?x=%zz&x", headers })).to.equal("ok");
      const [request] = kubelet.requests;
      expect(request?.url).to.equal("/pods//%2e%2E/?x=%zz&x");
      expect(request?.rawHeaders).to.deep.equal([
        ...["Host", `127.0.0.1:${kubelet.port}`, "Accept", "a/b", "user-agent", "me"],
        ...["Connection", "keep-alive"],
      ]);
    });

    it("a body with its length and type", async () => {
      kubelet.handle = async (request, response) => void response.end(await buffer(request));
      const headers = ["Transfer-Encoding", "chunked", "Content-Length", "3", "Content-Type", "a/b"];
      expect(await read(open(), { method: "POST", headers, body: Buffer.from("12345") })).to.equal("12345");
      const { headers: got } = kubelet.requests[0]!;
      expect(got).to.include({ "content-length": "5", "content-type": "a/b" });
      expect(got).not.to.have.property("transfer-encoding");
    });

    it("the length of no body, where the method has one", async () => {
      await read(open(), { method: "POST" });
      expect(kubelet.requests[0]?.headers).to.include({ "content-length": "0" });
    });

    it("its client certificate, on both transports", async () => {
      const client = open();
      await read(client);
      await read(client, { transport: "insecure" });
      expect(kubelet.clientNames).to.deep.equal(["O=gateways\nCN=gateway", "O=gateways\nCN=gateway"]);
    });
  });

  describe("answers", () => {
    it("with the kubelet's head, whatever its status", async () => {
      kubelet.handle = (_request, response) => void response.writeHead(418, { "X-One": "1" }).end("short");
      const { status, origin, body } = await open().exchange(asked());
      expect({ status, origin }).to.deep.equal({
        status: 418,
        origin: `https://127.0.0.1:${kubelet.port}`,
      });
      expect(body.headers).to.include({ "x-one": "1" });
      expect(await text(body)).to.equal("short");
    });

    it("with a redirect, which it does not follow", async () => {
      kubelet.handle = (_request, response) => void response.writeHead(302, { Location: "/elsewhere" }).end();
      const { status, body } = await open().exchange(asked());
      await text(body);
      expect(status).to.equal(302);
      expect(kubelet.requests).to.have.length(1);
    });

    it("as fast as it is read, and no faster", async () => {
      const piece = Buffer.alloc(1 << 20);
      let written = 0;
      kubelet.handle = (_request, response) => {
        const more = (): void => {
          while (response.writable) {
            written += piece.length;
            if (!response.write(piece)) return void response.once("drain", more);
          }
        };
        more();
      };
      const { body } = await open().exchange(asked());
      let before = -1;
      // what nobody reads stays with the kubelet, but for what the sockets' buffers hold
      await poll("the kubelet to stop", () => {
        const isStill = written === before;
        before = written;
        return isStill && written > 0 ? true : undefined;
      });
      expect(written).to.be.lessThan(64 << 20);
      body.destroy();
    });

    it("with the end of a body that the kubelet breaks off as a failure, never as an end", async () => {
      kubelet.handle = (_request, response) => {
        response.writeHead(200, { "Content-Length": "10" });
        response.write("12345", () => response.destroy());
      };
      const { body } = await open().exchange(asked());
      const failed = await text(body).then(
        () => false,
        () => true,
      );
      expect(failed).to.equal(true);
    });
  });

  describe("keeps connections", () => {
    it("of one node for the next request", async () => {
      const client = open();
      await read(client);
      await read(client);
      expect(kubelet.connections).to.have.length(1);
    });

    it("of one transport from the other, in both directions", async () => {
      const client = open();
      for (const transport of ["verified", "insecure", "verified", "insecure"] as const)
        await read(client, { transport });
      expect(kubelet.connections).to.have.length(2);
    });

    it("of one node from another, at the same address too", async () => {
      const client = open({ nodeNames: "ignore" });
      await read(client);
      await read(client, { node: nodeAt(kubelet.port, { name: "n2" }) });
      expect(kubelet.connections).to.have.length(2);
    });

    it("of one identity from another: a renewed certificate is shown at once, and the old one's connections go", async () => {
      let pair = keyPair(authority.issue({ commonName: "old" }));
      const client = open({ clientCertificate: () => pair });
      await read(client);
      pair = keyPair(authority.issue({ commonName: "new" }));
      await read(client);
      expect(kubelet.clientNames).to.deep.equal(["CN=old", "CN=new"]);
      await poll("the old one's end", () => kubelet.connections[0]?.destroyed || undefined);
    });

    it("no longer once the kubelets' CA is another", async () => {
      let bundle = parseCABundle(authority.certificatePem, "a");
      const client = open({ ca: () => bundle });
      await read(client);
      bundle = parseCABundle(otherAuthority.certificatePem, "b");
      const { code } = await rejectionOf(client.exchange(asked()));
      expect(code).to.equal("ERR_KUBELET_CERTIFICATE");
      expect(kubelet.requests).to.have.length(1);
    });

    it("and never resumes a TLS session: every connection shows its certificate", async () => {
      const client = open();
      kubelet.handle = (_request, response) =>
        void response.writeHead(200, { Connection: "close" }).end("ok");
      for (let count = 0; count < 3; count++) await read(client);
      expect(kubelet.resumptions).to.deep.equal([false, false, false]);
    });

    const table = "/proc/net/tcp";
    (existsSync(table) ? it : it.skip)(
      "with probes, so that a peer that went without a word is noticed",
      async () => {
        kubelet.handle = (_request, response) => void response.write("line\n");
        const { body } = await open().exchange(asked());
        const peer = kubelet.port.toString(16).toUpperCase().padStart(4, "0");
        const ours = new RegExp(`^ *\\d+: 0100007F:[0-9A-F]+ 0100007F:${peer} 01 [0-9A-F:]+ (\\d\\d):`, "m");
        // 02: the timer that is running is that of the probes (Documentation/networking/proc_net_tcp)
        await poll(
          "the timer of the probes",
          () => ours.exec(readFileSync(table, "utf8"))?.[1] === "02" || undefined,
        );
        body.destroy();
      },
    );
  });

  describe("sends a request anew", () => {
    for (const [how, end] of [
      ["is cut", (socket: Socket) => socket.destroy()],
      ["is ended in order", (socket: Socket) => socket.end()],
    ] as const)
      it(`where a kept connection ${how} before a byte of an answer`, async () => {
        const client = open();
        kubelet.handle = (request, response) => {
          if (kubelet.requests.length === 2) end(request.socket);
          else response.end("ok");
        };
        await read(client);
        expect(await read(client)).to.equal("ok");
        expect(kubelet.requests).to.have.length(3);
      });

    it("but not one that is neither GET nor HEAD", async () => {
      const client = open();
      kubelet.handle = (request, response) => {
        if (kubelet.requests.length === 2) request.socket.destroy();
        else response.end("ok");
      };
      await read(client);
      const { code } = await rejectionOf(client.exchange(asked({ method: "POST" })));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(kubelet.requests).to.have.length(2);
    });

    it("nor once a byte of an answer has come", async () => {
      const client = open();
      kubelet.handle = (request, response) => {
        if (kubelet.requests.length === 2) request.socket.end("HTTP/1.1 20");
        else response.end("ok");
      };
      await read(client);
      const { code } = await rejectionOf(client.exchange(asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(kubelet.requests).to.have.length(2);
    });

    it("nor on a connection that was opened for it", async () => {
      kubelet.handle = (request) => void request.socket.destroy();
      const { code, message } = await rejectionOf(open().exchange(asked()));
      expect({ code, message }).to.deep.equal({
        code: "ERR_KUBELET_UNREACHABLE",
        message: `kubelet of node "n1" (https://127.0.0.1:${kubelet.port}): EOF`,
      });
      expect(kubelet.requests).to.have.length(1);
    });
  });

  describe("gives up", () => {
    it("with the caller, before an answer: the connection goes", async () => {
      const controller = new AbortController();
      kubelet.handle = () => controller.abort(new Error("gone"));
      const outcome = open().exchange(asked({ signal: controller.signal }));
      expect(await outcome.catch((error: Error) => error.message)).to.equal("gone");
      await poll("its end", () => kubelet.connections[0]?.destroyed || undefined);
    });

    it("with the caller, in the middle of an answer: the connection goes", async () => {
      const controller = new AbortController();
      kubelet.handle = (_request, response) => void response.write("line\n");
      const { body } = await open().exchange(asked({ signal: controller.signal }));
      body.once("data", () => controller.abort());
      await text(body).catch(() => undefined);
      await poll("its end", () => kubelet.connections[0]?.destroyed || undefined);
    });

    it("with a caller that had given up before, without a dial", async () => {
      const signal = AbortSignal.abort(new Error("gone"));
      const outcome = open().exchange(asked({ signal }));
      expect(await outcome.catch((error: Error) => error.message)).to.equal("gone");
      expect(kubelet.connections).to.have.length(0);
    });

    it("where the answer's reader stops: the connection goes", async () => {
      kubelet.handle = (_request, response) => void response.write("line\n");
      const { body } = await open().exchange(asked());
      body.destroy();
      await poll("its end", () => kubelet.connections[0]?.destroyed || undefined);
    });

    it("after its time without an answer", async () => {
      kubelet.handle = () => undefined;
      const { code, message } = await rejectionOf(open({ timeoutMs: 50 }).exchange(asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(message).to.contain("timeout awaiting response headers");
    });

    it("but not in the middle of an answer, however long it takes", async () => {
      let finish: (() => void) | undefined;
      kubelet.handle = (_request, response) => {
        response.write("begun ");
        finish = () => response.end("and ended");
      };
      const client = open({ timeoutMs: 500 });
      const { body } = await client.exchange(asked());
      // its time passes for another one, which began later
      kubelet.handle = () => undefined;
      await rejectionOf(client.exchange(asked()));
      finish?.();
      expect(await text(body)).to.equal("begun and ended");
    });

    it("with everybody, once it is closed", async () => {
      kubelet.handle = () => clients[0]?.close();
      const { code } = await rejectionOf(open().exchange(asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
    });

    it("where a switch of protocols is answered that nobody asked for", async () => {
      kubelet.handle = (request) =>
        void request.socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        );
      const { code } = await rejectionOf(open().exchange(asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
    });

    it("where the answer is no HTTP, or frames its body in two ways", async () => {
      for (const head of [
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
      ]) {
        kubelet.handle = (request) => void request.socket.write(head);
        const { code, message } = await rejectionOf(open().exchange(asked()));
        expect(code, head).to.equal("ERR_KUBELET_UNREACHABLE");
        expect(message, head).to.contain("transport connection broken");
      }
    });
  });

  describe("explains why it could not reach one, as Go's client does", () => {
    it("nobody listens", async () => {
      const { port } = kubelet;
      await kubelet.close();
      const { code, message } = await rejectionOf(open().exchange(asked()));
      kubelet = await startKubeletServer();
      expect({ code, message }).to.deep.equal({
        code: "ERR_KUBELET_UNREACHABLE",
        message: `kubelet of node "n1" (https://127.0.0.1:${port}): dial tcp 127.0.0.1:${port}: connect: connection refused`,
      });
    });

    it("whoever listens speaks no TLS", async () => {
      const plain: Server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      });
      await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
      const { port } = plain.address() as { port: number };
      const { code, message } = await rejectionOf(
        open({ ports: [port] }).exchange(asked({ node: nodeAt(port) })),
      );
      plain.close();
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(message).to.contain("http: server gave HTTP response to HTTPS client");
    });

    it("the kubelet does not accept the client certificate", async () => {
      const stranger = keyPair(otherAuthority.issue({ commonName: "stranger" }));
      const { code, message } = await rejectionOf(
        open({ clientCertificate: () => stranger }).exchange(asked()),
      );
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(message).to.match(/remote error: tls: |EOF/);
    });

    it("its name is unknown", async () => {
      const resolve = async () => Promise.reject(Object.assign(new Error("x"), { code: "ENOTFOUND" }));
      const node = nodeAt(kubelet.port, { address: "n1.example", type: "Hostname" });
      const { message } = await rejectionOf(open({ resolve }).exchange(asked({ node })));
      expect(message).to.contain("dial tcp: lookup n1.example: no such host");
    });
  });

  describe("dials what was judged", () => {
    const named = (): KubeletExchange["node"] =>
      nodeAt(kubelet.port, { address: "n1.example", type: "Hostname" });

    it("a name is looked up once for a connection, and verified as that name", async () => {
      const lookups: string[] = [];
      const resolve = async (host: string) => {
        lookups.push(host);
        return ["127.0.0.1"];
      };
      const client = open({ resolve });
      await read(client, { node: named() });
      await read(client, { node: named() });
      expect(lookups).to.deep.equal(["n1.example"]);
      expect(kubelet.connections.map((socket) => socket.servername)).to.deep.equal(["n1.example"]);
      expect(kubelet.requests[0]?.headers.host).to.equal(`n1.example:${kubelet.port}`);
    });

    it("not what the name stands for a moment later", async () => {
      const answers = [["127.0.0.1"], ["10.255.255.1"], ["10.255.255.1"]];
      const resolve = async () => answers.shift() ?? [];
      expect(await read(open({ resolve }), { node: named() })).to.equal("ok");
      expect(answers).to.have.length(2);
    });

    it("of several addresses only those that may be dialled", async () => {
      const resolve = async () => ["169.254.169.254", "::1", "127.0.0.1"];
      expect(await read(open({ resolve }), { node: named() })).to.equal("ok");
    });

    it("nothing where none may be", async () => {
      const resolve = async () => ["169.254.169.254", "10.1.2.3"];
      const { code, message } = await rejectionOf(open({ resolve }).exchange(asked({ node: named() })));
      expect(code).to.equal("ERR_KUBELET_ADDRESS");
      expect(message).to.equal(
        'node "n1": its address "n1.example" is not dialled: 169.254.169.254 is in none of kubelet.addressRanges; 10.1.2.3 is in none of kubelet.addressRanges',
      );
      expect(kubelet.connections).to.have.length(0);
    });

    it("never loopback where nobody named it", async () => {
      const client = open({ addressRanges: [] });
      for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"]) {
        const node = nodeAt(kubelet.port, { address });
        const { code, message } = await rejectionOf(client.exchange(asked({ node })));
        expect(code, address).to.equal("ERR_KUBELET_ADDRESS");
        expect(message, address)
          .to.contain('node "n1"')
          .and.contain(address)
          .and.contain("kubelet.addressRanges");
      }
      expect(kubelet.connections).to.have.length(0);
    });

    it("never the API server, by name or by address", async () => {
      const resolve = async () => ["127.0.0.1"];
      for (const host of ["127.0.0.1", "kubernetes.default.svc", "::ffff:127.0.0.1"]) {
        const client = open({ resolve, apiServers: [{ host, port: kubelet.port }] });
        const { code, message } = await rejectionOf(client.exchange(asked()));
        expect(code, host).to.equal("ERR_KUBELET_ADDRESS");
        expect(message, host).to.contain("is the API server itself");
      }
      expect(kubelet.connections).to.have.length(0);
    });

    it("but a kubelet at another port of the API server's machine", async () => {
      const apiServers = [{ host: "127.0.0.1", port: 6443 }];
      expect(await read(open({ apiServers }))).to.equal("ok");
    });

    it("never a port that is not configured", async () => {
      const { code, message } = await rejectionOf(open({ ports: [10250] }).exchange(asked()));
      expect(code).to.equal("ERR_KUBELET_ADDRESS");
      expect(message).to.contain("kubelet.ports").and.contain(String(kubelet.port));
    });
  });

  it("tells how each exchange went, and nothing where its caller gave up", async () => {
    const told: KubeletMessage[] = [];
    const listen = (message: unknown): void => void told.push(message as KubeletMessage);
    const channel = diagnosticsChannel("countersign:kubelet");
    channel.subscribe(listen);
    try {
      const client = open();
      await read(client);
      await rejectionOf(client.exchange(asked({ node: nodeAt(1) })));
      await client.exchange(asked({ signal: AbortSignal.abort() })).catch(() => undefined);
    } finally {
      channel.unsubscribe(listen);
    }
    const told_ = told.map(({ node, transport, outcome, status, code }) => ({
      ...{ node, transport, outcome },
      ...(status !== undefined && { status }),
      ...(code !== undefined && { code }),
    }));
    expect(told_).to.deep.equal([
      { node: "n1", transport: "verified", outcome: "answered", status: 200 },
      { node: "n1", transport: "verified", outcome: "failed", code: "ERR_KUBELET_ADDRESS" },
    ]);
  });
});
