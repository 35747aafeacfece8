import { once } from "node:events";
import { type ConnectionOptions, connect } from "node:tls";
import { expect } from "chai";
import { type APIRequestMessage, diagnosticsChannel } from "../../../src/diagnostics.ts";
import type { Kubelet } from "../../../src/testing/kubelet/kubelet.ts";
import { until } from "../../until.ts";
import type { ServedRig } from "../api/caller-rig.ts";
import { type ApplicationRig, startApplicationRig } from "./application-rig.ts";

const metrics = "/api/v1/nodes/node-1/proxy/metrics";
const log = "/api/v1/namespaces/default/pods/web/log";
/** What nobody here may ask for; whatever is smuggled asks for it. */
const secret = "/api/v1/nodes/node-1/proxy/configz";

describe("hostile requests to the gateway", () => {
  let rig: ApplicationRig;
  let gateway: ServedRig;
  let kubelet: Kubelet;
  let openStreams = 0;
  before(async function () {
    this.timeout(60_000);
    rig = await startApplicationRig();
    kubelet = await rig.startKubelet();
    await kubelet.runPod({ name: "web", containers: { app: { log: "one\n" } } });
    const get = (...resources: readonly string[]) => ({ apiGroups: [""], resources, verbs: ["get"] });
    await rig.grant("tenant", get("nodes/metrics", "pods/log"));
    gateway = await rig.serve({
      openStreams: {
        open() {
          openStreams += 1;
          return () => {
            openStreams -= 1;
          };
        },
      },
    });
  });
  after(() => rig?.stop());

  /** What comes back for bytes written by hand, until nothing more does. */
  async function raw(text: string, expected = 1): Promise<string> {
    const certificate = rig.certificateOf("tenant");
    const socket = connect({
      ...{ host: "127.0.0.1", port: gateway.port, ca: rig.controlPlane.caPem },
      ...{ cert: certificate.certificatePem, key: certificate.keyPem },
    });
    await once(socket, "secureConnect");
    let received = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      received += chunk;
      if (received.split("HTTP/1.1 ").length > expected && received.endsWith("\n")) socket.end();
    });
    socket.on("error", () => undefined);
    socket.write(text, "latin1");
    await once(socket, "close");
    return received;
  }
  const statusesOf = (received: string): number[] =>
    [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  const lines = (...parts: readonly string[]): string => `${parts.join("\r\n")}\r\n\r\n`;
  const smuggled = lines(`GET ${secret} HTTP/1.1`, "Host: x");
  /** Paths that the kubelet was asked for by what follows. */
  async function asked(work: () => Promise<unknown>): Promise<string[]> {
    const before = kubelet.requests().length;
    await work();
    return kubelet
      .requests()
      .slice(before)
      .map(({ url }) => url);
  }

  describe("are never two requests where a proxy might have seen one", () => {
    for (const [what, text] of [
      [
        "Transfer-Encoding and Content-Length",
        lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Content-Length: 5", "Transfer-Encoding: chunked") +
          `0\r\n\r\n${smuggled}`,
      ],
      [
        "two Content-Lengths",
        lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Content-Length: 0", "Content-Length: 60") + smuggled,
      ],
      [
        "a list of Content-Lengths",
        lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Content-Length: 0, 60") + smuggled,
      ],
      [
        "a signed Content-Length",
        lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Content-Length: +60") + smuggled,
      ],
      [
        "an unknown transfer coding",
        lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Transfer-Encoding: xchunked") + smuggled,
      ],
      [
        "chunked that is not last",
        lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Transfer-Encoding: chunked, identity") + smuggled,
      ],
      [
        "a space before the colon",
        lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Transfer-Encoding : chunked") + smuggled,
      ],
      [
        "a folded header",
        lines(`GET ${metrics} HTTP/1.1`, "Host: x", "X: a", " Transfer-Encoding: chunked") + smuggled,
      ],
      ["a bare line feed", `GET ${metrics} HTTP/1.1\nHost: x\nX: a\n\n${smuggled}`],
      [
        "a bare carriage return",
        `GET ${metrics} HTTP/1.1\r\nHost: x\r\nX: a\rContent-Length: 60\r\n\r\n${smuggled}`,
      ],
      ["a NUL in a value", lines(`GET ${metrics} HTTP/1.1`, "Host: x", "X: a\0b") + smuggled],
      ["no Host", lines(`GET ${metrics} HTTP/1.1`) + smuggled],
      ["two Hosts", lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Host: y") + smuggled],
      ["another protocol", lines(`GET ${metrics} HTTP/3.0`, "Host: x") + smuggled],
      ["HTTP/0.9", `GET ${metrics}\r\n\r\n`],
      ["a tab in the target", lines(`GET ${metrics}\t${secret} HTTP/1.1`, "Host: x")],
      ["a space in the target", lines(`GET ${metrics} ${secret} HTTP/1.1`, "Host: x")],
    ] as const)
      it(what, async () => {
        let received = "";
        const urls = await asked(async () => {
          received = await raw(text);
        });
        expect(urls).to.deep.equal([]);
        expect(statusesOf(received).filter((status) => status !== 400)).to.deep.equal([]);
      });
  });

  it("a body where none is read is refused, and what is in it is no request", async () => {
    for (const text of [
      lines(`GET ${metrics} HTTP/1.1`, "Host: x", `Content-Length: ${smuggled.length}`) + smuggled,
      lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Transfer-Encoding: chunked") +
        `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    ]) {
      let received = "";
      const urls = await asked(async () => {
        received = await raw(text);
      });
      expect([statusesOf(received), urls]).to.deep.equal([[400], []]);
    }
  });

  it("a chunk's extensions and trailers say nothing", async () => {
    const head = lines(
      "POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1",
      "Host: x",
      "Content-Type: application/json",
      "Transfer-Encoding: chunked",
      "Trailer: Impersonate-User",
    );
    const trailers = "Impersonate-User: admin\r\nX-Remote-User: admin";
    const text = `${head}2;Impersonate-User=admin\r\n{}\r\n0\r\n${trailers}\r\n\r\n`;
    const received = await raw(text);
    expect(statusesOf(received)).to.deep.equal([201]);
    expect(received).to.contain('"username":"tenant"').and.not.contain("admin");
  });

  describe("targets", () => {
    for (const target of [
      `https://127.0.0.1${metrics}`,
      `http://node-1:10250/metrics`,
      "*",
      "node-1:10250",
      `${metrics}#x`,
      `${metrics}/../configz`,
      `/${metrics}`,
      `${metrics}\\..\\configz`,
      `${metrics}%2f..%2fconfigz`,
      `${metrics};x`,
      `${metrics}?x=\xe9`,
    ])
      it(`${JSON.stringify(target)} is refused (400)`, async () => {
        let received = "";
        const urls = await asked(async () => {
          received = await raw(lines(`GET ${target} HTTP/1.1`, "Host: x"));
        });
        expect([statusesOf(received), urls]).to.deep.equal([[400], []]);
      });

    it("CONNECT opens nothing", async () => {
      expect(await raw(lines("CONNECT 127.0.0.1:10250 HTTP/1.1", "Host: x"))).to.equal("");
    });

    it("a host of another's choosing changes nothing", async () => {
      const urls = await asked(() => raw(lines(`GET ${metrics} HTTP/1.1`, "Host: 169.254.169.254")));
      expect(urls).to.deep.equal(["/metrics"]);
      expect(kubelet.requests().at(-1)!.rawHeaders.join()).to.not.contain("169.254");
    });
  });

  it("many on one connection are each authorized, and answered in order", async () => {
    let received = "";
    const urls = await asked(async () => {
      const request = (path: string): string => lines(`GET ${path} HTTP/1.1`, "Host: x");
      received = await raw([metrics, secret, log, secret, metrics].map(request).join(""), 5);
    });
    expect(statusesOf(received)).to.deep.equal([200, 403, 200, 403, 200]);
    expect(urls.toSorted()).to.deep.equal(["/containerLogs/default/web/app", "/metrics", "/metrics"]);
  });

  it("a request for a kubelet is told with the permission that let it in, which is not nodes/proxy", async () => {
    const told: APIRequestMessage[] = [];
    const note = (message: unknown): void => void told.push(message as APIRequestMessage);
    const channel = diagnosticsChannel("countersign:apiRequest");
    channel.subscribe(note);
    await raw(lines(`GET ${metrics} HTTP/1.1`, "Host: x") + smuggled, 2);
    await until(() => told.length === 2);
    channel.unsubscribe(note);
    expect(told[0]).to.include({ subresource: "proxy", permission: "nodes/metrics", code: 200 });
    expect(told[1]).to.include({ subresource: "proxy", code: 403 }).and.not.have.property("permission");
  });

  it("many on one connection begin one after the other, and none goes on for a client that has left", async () => {
    await kubelet.runPod({ name: "many", containers: { app: { log: "one\n" } } });
    const follow = lines(`GET ${log.replace("web", "many")}?follow=true HTTP/1.1`, "Host: x");
    const urls = await asked(() => raw(Array.from({ length: 20 }, () => follow).join("")));
    expect(urls).to.deep.equal(["/containerLogs/default/many/app?follow=true"]);
    await until(() => openStreams === 0);
  });

  it("an upgrade behind a request that is still being answered ends the connection, and nothing else", async () => {
    await kubelet.runPod({ name: "open", containers: { app: { log: "one\n" } } });
    const upgrade = lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Connection: Upgrade", "Upgrade: websocket");
    for (const path of [`${log.replace("web", "open")}?follow=true`, metrics, "/healthz"]) {
      const received = await raw(lines(`GET ${path} HTTP/1.1`, "Host: x") + upgrade, 2);
      expect(statusesOf(received).filter((status) => ![200, 400].includes(status))).to.deep.equal([]);
    }
    expect(statusesOf(await raw(lines(`GET ${metrics} HTTP/1.1`, "Host: x")))).to.deep.equal([200]);
  });

  it("a refused upgrade's connection does not stay open for a client that never ends its side", async () => {
    const options = {
      host: "127.0.0.1",
      port: gateway.port,
      ca: rig.controlPlane.caPem,
      allowHalfOpen: true,
    };
    const socket = connect(options as ConnectionOptions);
    await once(socket, "secureConnect");
    socket
      .on("error", () => undefined)
      .write(lines(`GET ${metrics} HTTP/1.1`, "Host: x", "Connection: Upgrade", "Upgrade: x"));
    socket.resume();
    await once(socket, "end");
    // only who writes learns that nobody is there any more
    await until(() => {
      socket.write("x");
      return socket.destroyed;
    });
  });

  it("what one request on a connection said of its caller is not the next one's", async () => {
    const token = await rig.tokenOf("reader");
    const review = (...headers: readonly string[]): string =>
      `${lines(
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1",
        "Host: x",
        "Content-Length: 2",
        ...headers,
      )}{}`;
    const received = await raw(
      review(`Authorization: Bearer ${token}`, "X-Remote-User: admin") +
        review("Impersonate-User: admin") +
        review(),
      3,
    );
    expect(statusesOf(received)).to.deep.equal([201, 403, 201]);
    expect(received.match(/"userInfo":\{"username":"(.+?)"/g)).to.deep.equal(
      Array(2).fill('"userInfo":{"username":"tenant"'),
    );
  });

  describe("header floods", () => {
    it("more bytes than anybody needs end the connection, with 431 where that still arrives", async () => {
      const header = `X: ${"x".repeat(70_000)}`;
      let received = "";
      const urls = await asked(async () => {
        received = await raw(lines(`GET ${metrics} HTTP/1.1`, "Host: x", header));
      });
      expect(statusesOf(received)).to.be.deep.oneOf([[], [431]]);
      expect(urls).to.deep.equal([]);
    });

    it("what fits is read to its end", async () => {
      const header = `X: ${"x".repeat(60_000)}`;
      expect(statusesOf(await raw(lines(`GET ${metrics} HTTP/1.1`, "Host: x", header)))).to.deep.equal([200]);
    });

    it("many headers hide none: one that impersonates counts behind ten thousand others", async () => {
      const padding = Array.from({ length: 10_000 }, () => "a:");
      const text = lines(`GET ${metrics} HTTP/1.1`, "Host: x", ...padding, "Impersonate-User: admin");
      expect(statusesOf(await raw(text))).to.deep.equal([403]);
    });

    it("credentials that come many times are judged, and never joined", async () => {
      const many = Array.from({ length: 500 }, (_, index) => `Authorization: Bearer token-${index}`);
      expect(statusesOf(await raw(lines(`GET ${metrics} HTTP/1.1`, "Host: x", ...many)))).to.deep.equal([
        200,
      ]);
      expect(kubelet.requests().at(-1)!.credentials).to.deep.equal([]);
    });
  });

  it("the gateway serves on afterwards", async () => {
    expect(statusesOf(await raw(lines(`GET ${metrics} HTTP/1.1`, "Host: x")))).to.deep.equal([200]);
  });
});
