import { once } from "node:events";
import { createServer, get, IncomingMessage, type Server, ServerResponse } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import { Readable } from "node:stream";
import { expect } from "chai";
import { streamAnswer } from "../../../../src/server/gateway/routes/streamed-answer.ts";
import { until } from "../../../until.ts";

const chunk = Buffer.alloc(64 * 1024, "x");

describe("streamAnswer", () => {
  let server: Server;
  let body: Readable;
  let response: ServerResponse;
  let outcome: Promise<unknown>;
  let open = 0;
  beforeEach(async () => {
    open = 0;
    server = createServer((_, answering) => {
      response = answering;
      outcome = streamAnswer(body, answering, {
        open() {
          open++;
          return () => void open--;
        },
      }).then(
        () => "done",
        (error: Error) => error.message,
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function ask(): Promise<IncomingMessage> {
    const { port } = server.address() as AddressInfo;
    const [incoming] = (await once(get({ port, host: "127.0.0.1", agent: false }), "response")) as [
      IncomingMessage,
    ];
    incoming.on("error", () => undefined);
    return incoming;
  }

  it("takes no more than its reader does, and loses nothing", async () => {
    const chunks = 2_000; // 125 MiB, more than kernel buffers hold
    let taken = 0;
    body = new Readable({
      read() {
        this.push(taken++ < chunks ? chunk : null);
      },
    });
    const incoming = await ask();
    await until(() => response.writableNeedDrain);
    // nothing is read of it: it stops where it is
    expect(taken).to.be.lessThan(chunks / 2);
    expect(response.writableLength).to.be.lessThan(1024 * 1024);
    let received = 0;
    for await (const piece of incoming as AsyncIterable<Buffer>) received += piece.length;
    expect(received).to.equal(chunks * chunk.length);
    expect([await outcome, open]).to.deep.equal(["done", 0]);
  }).timeout(30_000);

  it("ends the body when its reader goes away, and calls it no failure", async () => {
    body = new Readable({ read: () => undefined });
    body.push("first");
    const incoming = await ask();
    await once(incoming, "data");
    expect(open).to.equal(1);
    incoming.destroy();
    expect(await outcome).to.equal("done");
    expect([body.destroyed, open]).to.deep.equal([true, 0]);
  });

  it("cuts the answer where the body breaks off, and says what broke it", async () => {
    body = new Readable({ read: () => undefined });
    body.push("first");
    const incoming = await ask();
    await once(incoming, "data");
    body.destroy(new Error("the kubelet is gone"));
    await until(() => incoming.destroyed);
    expect([await outcome, incoming.complete, open]).to.deep.equal(["the kubelet is gone", false, 0]);
  });

  it("opens nothing for a reader that has gone already", async () => {
    const gone = new ServerResponse(new IncomingMessage(new Socket()));
    gone.destroy();
    const unread = new Readable({ read: () => undefined });
    const counting = {
      open() {
        open++;
        return () => undefined;
      },
    };
    await streamAnswer(unread, gone, counting);
    expect([unread.destroyed, open]).to.deep.equal([true, 0]);
  });
});
