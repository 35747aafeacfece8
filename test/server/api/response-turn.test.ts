import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { expect } from "chai";
import { responseTurn } from "../../../src/server/api/response-turn.ts";
import { until } from "../../until.ts";

describe("a response's turn", () => {
  let server: Server;
  let client: Socket;
  let received = "";
  /** Of requests whose turn has come. */
  const begun: string[] = [];
  const open: ServerResponse[] = [];
  let arrived = 0;

  beforeEach(async () => {
    [received, arrived, begun.length, open.length] = ["", 0, 0, 0];
    server = createServer((request, response) => void serve(request, response)).listen(0, "127.0.0.1");
    await once(server, "listening");
    client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    client.on("error", () => undefined);
    await once(client, "connect");
  });
  afterEach(async () => {
    client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    arrived += 1;
    await responseTurn(request, response);
    begun.push(request.url!);
    open.push(response);
    if (request.method === "POST") {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      response.end(body);
    } else if (request.url !== "/open") response.end(request.url);
  }
  const requests = (...paths: readonly string[]): void =>
    void client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));

  it("is at once where nobody is before it", async () => {
    requests("/a");
    await until(() => received.endsWith("/a"));
    requests("/b");
    await until(() => received.endsWith("/b"));
    expect(responseTurn({} as IncomingMessage, { socket: client } as unknown as ServerResponse)).to.equal(
      undefined,
    );
  });

  it("comes when those before it are answered, in order, with the body that was sent", async () => {
    requests("/open", "/b");
    client.write("POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    requests("/d");
    await until(() => arrived === 4);
    expect(begun).to.deep.equal(["/open"]);
    open[0]!.end("first");
    await until(() => received.endsWith("/d"));
    expect(begun).to.deep.equal(["/open", "/b", "/c", "/d"]);
    expect(received).to.match(/first.*\/b.*body.*\/d$/s);
  });

  it("never comes where the client has left before", async () => {
    requests("/open", "/b", "/c");
    await until(() => arrived === 3);
    client.destroy();
    await once(open[0]!, "close");
    expect(begun).to.deep.equal(["/open"]);
  });

  it("is waited for by a hundred, and more of them end their connection", async () => {
    requests("/open", ...Array.from({ length: 100 }, () => "/wait"));
    await until(() => arrived === 101);
    expect(open[0]!.destroyed).to.equal(false);
    requests("/wait");
    await once(client, "close");
    expect(begun).to.deep.equal(["/open"]);
  });

  it("is counted by who waits, not by who has waited", async () => {
    for (let round = 0; round < 3; round += 1) {
      requests("/open", ...Array.from({ length: 60 }, () => "/wait"));
      await until(() => begun.at(-1) === "/open");
      const [before, at] = [begun.length, open.length - 1];
      open[at]!.end();
      await until(() => begun.length === before + 60);
    }
    expect(client.destroyed).to.equal(false);
  });
});
