import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { expect } from "chai";
import {
  createKubeletClient,
  type KubeletAnswer,
  type KubeletClient,
  type KubeletUpgrade,
  type UpgradedKubelet,
} from "../../src/kubelet/kubelet-client.ts";
import { relayUpgrade } from "../../src/kubelet/upgrade-relay.ts";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import {
  clientOptions,
  type KubeletServer,
  nodeAt,
  servingCertificate,
  startKubeletServer,
} from "./kubelet-server.ts";

const path = "/exec/shop/web/app?command=sh&input=1&output=1";
const headers = [
  "Upgrade",
  "SPDY/3.1",
  "Connection",
  "Upgrade",
  "X-Stream-Protocol-Version",
  "v4.channel.k8s.io",
];
const consent = [
  "HTTP/1.1 101 Switching Protocols",
  ...[
    "Connection: Upgrade",
    "Upgrade: SPDY/3.1",
    "X-Stream-Protocol-Version: v4.channel.k8s.io",
    "Set-Cookie: a=b",
  ],
  "\r\n",
].join("\r\n");

/** All that one side hears, and not a word of its own is cut off: stream/consumers destroy what has ended. */
function heard(stream: Duplex): Promise<string> {
  let said = "";
  stream.on("data", (chunk) => {
    said += chunk;
  });
  return once(stream, "end").then(() => said);
}

describe("an upgraded kubelet", () => {
  let kubelet: KubeletServer;
  let client: KubeletClient;
  /** The kubelet's end. */
  let inner: Duplex | undefined;
  beforeEach(async () => {
    kubelet = await startKubeletServer();
    client = createKubeletClient(clientOptions(kubelet.port));
    inner = undefined;
    kubelet.handleUpgrade = (_request, socket) => {
      socket.write(consent);
      inner = socket;
      socket.on("error", () => undefined);
    };
  });
  /** The kubelet sees that nobody is there any more. */
  const isGone = async (): Promise<void> => {
    const [connection] = kubelet.connections;
    connection?.resume();
    await poll("the connection's end", () => connection?.readableEnded || connection?.destroyed || undefined);
  };
  afterEach(async () => {
    client.close();
    inner?.destroy();
    await kubelet.close();
  });
  const upgrade = (members: Partial<KubeletUpgrade> = {}): Promise<UpgradedKubelet | KubeletAnswer> =>
    client.upgrade({ node: nodeAt(kubelet.port), method: "POST", path, headers, ...members });
  async function upgraded(members: Partial<KubeletUpgrade> = {}): Promise<UpgradedKubelet> {
    const outcome = await upgrade(members);
    if (!("socket" in outcome)) throw new Error(`the kubelet answered ${outcome.status}`);
    return outcome;
  }

  describe("is asked", () => {
    it("with the request to the byte, and no credential of the caller's", async () => {
      const withToken = [...headers, "Authorization", "Bearer x", "Cookie", "c"];
      const { socket } = await upgraded({ headers: withToken });
      const [request] = kubelet.requests as [IncomingMessage];
      expect(`${request.method} ${request.url}`).to.equal(`POST ${path}`);
      expect(request.rawHeaders).to.deep.equal([
        ...["Host", `127.0.0.1:${kubelet.port}`, "Connection", "Upgrade", "Upgrade", "SPDY/3.1"],
        ...["X-Stream-Protocol-Version", "v4.channel.k8s.io", "Content-Length", "0"],
      ]);
      expect(kubelet.clientNames).to.deep.equal(["O=gateways\nCN=gateway"]);
      socket.destroy();
    });

    it("on a verified connection of its own, always", async () => {
      kubelet.serve(servingCertificate({ nodeName: "n2" }));
      expect((await rejectionOf(upgrade())).code).to.equal("ERR_KUBELET_CERTIFICATE");
      expect(kubelet.requests).to.have.length(0);
      kubelet.serve(servingCertificate());
      const before = kubelet.clientNames.length;
      const [one, other] = await Promise.all([upgraded(), upgraded()]);
      expect(kubelet.clientNames).to.have.length(before + 2);
      one.socket.destroy();
      other.socket.destroy();
    });

    it("and may answer otherwise", async () => {
      kubelet.handleUpgrade = (_request, socket) =>
        void socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nForbidden");
      const outcome = await upgrade();
      if ("socket" in outcome) throw new Error("the kubelet agreed");
      expect(outcome.status).to.equal(403);
      expect(await text(outcome.body)).to.equal("Forbidden");
    });

    it("for nothing but websocket and SPDY", async () => {
      const { code } = await rejectionOf(upgrade({ headers: ["Upgrade", "h2c"] }));
      expect(code).to.equal("ERR_REQUEST_INVALID");
      expect(kubelet.requests).to.have.length(0);
    });

    it("until the caller gives up", async () => {
      const controller = new AbortController();
      kubelet.handleUpgrade = () => controller.abort(new Error("gone"));
      const outcome = upgrade({ signal: controller.signal });
      expect(
        await outcome.then(
          () => "",
          (error: Error) => error.message,
        ),
      ).to.equal("gone");
      await isGone();
    });

    it("and breaks off: a failure", async () => {
      kubelet.handleUpgrade = (_request, socket) => void socket.destroy();
      expect((await rejectionOf(upgrade())).code).to.equal("ERR_KUBELET_UNREACHABLE");
    });
  });

  describe("is relayed", () => {
    let gateway: Server;
    let outer: Socket;
    /** The gateway's end of the caller's connection. */
    let accepted: Socket;
    beforeEach(async () => {
      // as Node's HTTP server opens its sockets
      gateway = createServer({ allowHalfOpen: true });
      await once(gateway.listen(0, "127.0.0.1"), "listening");
      const { port } = gateway.address() as { port: number };
      const connection = once(gateway, "connection");
      outer = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      outer.on("error", () => undefined);
      [accepted] = (await connection) as [Socket];
    });
    afterEach(() => {
      outer.destroy();
      accepted.destroy();
      gateway.close();
    });

    it("with its consent, and of that what belongs to the protocol", async () => {
      const relay = relayUpgrade(await upgraded(), { socket: accepted, head: Buffer.alloc(0) });
      const [first] = await once(outer, "data");
      expect(String(first)).to.equal(
        [
          "HTTP/1.1 101 Switching Protocols",
          ...["Connection: Upgrade", "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io"],
          "\r\n",
        ].join("\r\n"),
      );
      inner?.end();
      outer.end();
      await relay;
    });

    it("both ways, with what came behind either head", async () => {
      kubelet.handleUpgrade = (_request, socket) => {
        inner = socket;
        socket.write(`${consent}from the kubelet`);
      };
      const relay = relayUpgrade(await upgraded(), {
        socket: accepted,
        head: Buffer.from("from the caller"),
      });
      const [toKubelet, toCaller] = [heard(inner!), heard(outer)];
      outer.end(", and more");
      inner?.end(", and more");
      expect(await toKubelet).to.equal("from the caller, and more");
      expect((await toCaller).split("\r\n\r\n")[1]).to.equal("from the kubelet, and more");
      await relay;
    });

    it("with an end that leaves the other direction open, from either side", async () => {
      for (const first of ["caller", "kubelet"] as const) {
        const relay = relayUpgrade(await upgraded(), { socket: accepted, head: Buffer.alloc(0) });
        const [ender, other] = first === "caller" ? [outer, inner!] : [inner!, outer];
        const [reading, hearing] = [heard(ender), heard(other)];
        ender.end("last words");
        expect(await hearing).to.contain("last words");
        other.end("still here");
        expect(await reading).to.contain("still here");
        await relay;
        const connection = once(gateway, "connection");
        outer = connect({
          ...(gateway.address() as { port: number }),
          host: "127.0.0.1",
          allowHalfOpen: true,
        });
        [accepted] = (await connection) as [Socket];
      }
    });

    it("as fast as it is read, whole", async () => {
      const relay = relayUpgrade(await upgraded(), { socket: accepted, head: Buffer.alloc(0) });
      const bytes = Buffer.alloc(8 << 20, "0123456789");
      inner?.end(bytes);
      outer.end();
      const all = await buffer(outer);
      expect(all.subarray(all.indexOf("\r\n\r\n") + 4).equals(bytes)).to.equal(true);
      await relay;
    });

    it("until the caller breaks off: then both are gone", async () => {
      const relay = relayUpgrade(await upgraded(), { socket: accepted, head: Buffer.alloc(0) });
      const outcome = relay.then(
        () => "ended",
        () => "broken",
      );
      await once(outer, "data");
      outer.resetAndDestroy();
      expect(await outcome).to.equal("broken");
      await isGone();
    });

    it("until the kubelet has said everything, though the caller does not end", async () => {
      const lingerMs = 10;
      const relay = relayUpgrade(await upgraded(), { socket: accepted, head: Buffer.alloc(0), lingerMs });
      const hearing = heard(outer);
      inner?.end("last words");
      await relay;
      expect(await hearing).to.match(/last words$/);
      expect(accepted.destroyed).to.equal(true);
    });

    it("until it is called off: then both are gone", async () => {
      const controller = new AbortController();
      const kubeletSide = await upgraded();
      const outcome = relayUpgrade(kubeletSide, {
        ...{ socket: accepted, head: Buffer.alloc(0), signal: controller.signal },
      }).then(
        () => "ended",
        () => "broken",
      );
      await once(outer, "data");
      controller.abort();
      expect(await outcome).to.equal("broken");
      expect(accepted.destroyed).to.equal(true);
      await isGone();
    });

    it("until the client is closed", async () => {
      const outcome = relayUpgrade(await upgraded(), { socket: accepted, head: Buffer.alloc(0) }).catch(
        () => "broken",
      );
      client.close();
      await outcome;
      expect(accepted.destroyed).to.equal(true);
    });
  });
});
