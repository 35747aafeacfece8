import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { expect } from "chai";
import {
  createUpgradableResponse,
  isUpgradable,
  takeConnection,
} from "../../../../src/server/gateway/routes/upgradable-response.ts";
import { until } from "../../../until.ts";

const asked = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\n";

describe("a response to a request for another protocol", () => {
  let server: Server;
  let client: Socket;
  let socket: Duplex;
  let response: ServerResponse | undefined;
  beforeEach(async () => {
    server = createServer().on("upgrade", (request: IncomingMessage, upgraded: Duplex, head: Buffer) => {
      socket = upgraded;
      response = createUpgradableResponse(request, { socket, head });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    client = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    client.on("error", () => undefined);
    client.write(asked);
    await once(server, "upgrade");
  });
  afterEach(async () => {
    client.destroy();
    socket.destroy();
    server.close();
    await once(server, "close");
  });

  it("outlives a client that resets the connection, and so does the process", async () => {
    client.resetAndDestroy();
    socket.resume();
    await until(() => socket.destroyed, "its end");
    expect(socket.errored).to.include({ code: "ECONNRESET" });
  });

  it("ends the connection with its answer, though its client goes on", async () => {
    response!.end("refused");
    let received = "";
    client.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    await once(client, "end");
    expect(received).to.match(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*refused/s);
    client.write("and on it goes");
    await until(() => socket.destroyed, "its end");
  });

  it("gives its connection away once, and not when it has begun", () => {
    expect(isUpgradable(response!)).to.equal(true);
    expect(takeConnection(response!)?.socket).to.equal(socket);
    expect([isUpgradable(response!), takeConnection(response!)]).to.deep.equal([false, undefined]);
  });

  it("keeps its connection once it has begun", () => {
    response!.flushHeaders();
    expect(takeConnection(response!)).to.equal(undefined);
  });
});
