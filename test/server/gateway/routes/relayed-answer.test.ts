import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import type { AnswerStatusError } from "../../../../src/apis/answer-status.ts";
import type { APIContext } from "../../../../src/server/api/api-state.ts";
import { uncountedStreams } from "../../../../src/server/gateway/routes/open-streams.ts";
import { relayAnswer } from "../../../../src/server/gateway/routes/relayed-answer.ts";
import { useKubelet } from "../../../kubelet/kubelet-fixture.ts";
import { rejectionOf } from "../../../rejection.ts";
import { until } from "../../../until.ts";

describe("a kubelet's answer, relayed", () => {
  const fixture = useKubelet();
  let server: Server;
  let outcome: Promise<void>;
  beforeEach(async () => {
    const client = fixture.open();
    server = createServer((_, res) => {
      outcome = client
        .exchange(fixture.asked())
        .then((answer) => relayAnswer({ res } as APIContext, "n1", answer, uncountedStreams));
      outcome.catch(() => res.destroy());
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  /** The head of what the caller is told. */
  async function ask(): Promise<IncomingMessage> {
    const { port } = server.address() as AddressInfo;
    const request = get({ port, host: "127.0.0.1", agent: false });
    const [incoming] = (await once(request, "response")) as [IncomingMessage];
    return incoming.on("error", () => undefined);
  }
  async function refusalOf(): Promise<AnswerStatusError["answer"]> {
    await ask().catch(() => undefined);
    return ((await rejectionOf(outcome)) as AnswerStatusError).answer;
  }
  const kubeletIsLeft = () => until(() => fixture.kubelet.connections[0]?.destroyed ?? false, "its end");

  it("begins with its head, before there is a byte of its body", async () => {
    let end: (() => void) | undefined;
    fixture.kubelet.handle = (_request, response) => {
      response.writeHead(200, { "Content-Type": "text/plain", "X-Said": "no" }).flushHeaders();
      end = () => response.end("at last");
    };
    const incoming = await ask();
    expect(incoming.statusCode).to.equal(200);
    expect(incoming.headers).to.include({ "content-type": "text/plain" }).and.not.have.property("x-said");
    end?.();
    expect(String(await once(incoming, "data"))).to.equal("at last");
    await outcome;
  });

  it("ends with its body: what a kubelet says behind it stays behind", async () => {
    fixture.kubelet.handle = (_request, response) => {
      response.writeHead(200, { Trailer: "X-Said" });
      response.write("all of it");
      response.addTrailers({ "X-Said": "more", "Set-Cookie": "a=b" });
      response.end();
    };
    const incoming = await ask();
    expect(await text(incoming)).to.equal("all of it");
    expect(incoming.rawTrailers).to.deep.equal([]);
    expect(incoming.headers).not.to.have.property("trailer");
  });

  it("is none where it redirects, and its body, which may never end, is not waited for", async () => {
    fixture.kubelet.handle = (_request, response) => {
      response.writeHead(307, { Location: "/elsewhere" }).write("on and on");
    };
    const { code, message } = await refusalOf();
    expect(code).to.equal(500);
    expect(message).to.contain("redirects the gateway, which follows nobody (307)").and.not.contain("on and");
    await kubeletIsLeft();
  });

  it("is none where it refuses the gateway, of which the beginning is told", async () => {
    fixture.kubelet.handle = (_request, response) => {
      response.writeHead(403).write(`Forbidden ${"x".repeat(2_000)}`);
    };
    const { code, message } = await refusalOf();
    expect(code).to.equal(500);
    expect(message).to.match(/refuses the gateway \(403\): Forbidden x{990}$/);
    await kubeletIsLeft();
  });

  it("is none where its status is none of HTTP's", async () => {
    for (const status of ["000", "099"]) {
      fixture.kubelet.handle = (request) =>
        void request.socket.write(`HTTP/1.1 ${status} Nothing\r\nContent-Length: 4\r\n\r\nwhat`);
      const { code, message } = await refusalOf();
      expect(code).to.equal(500);
      expect(message).to.contain(`refuses the gateway (${Number(status)}): what`);
    }
  });
});
