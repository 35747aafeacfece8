import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, startTLSServer, type TLSServer } from "../tls-server.ts";
import { until } from "../until.ts";

describe("a stream over a connection that was kept", () => {
  let server: TLSServer;
  let client: RestClient;
  const asked: IncomingMessage[] = [];
  let answer: (response: ServerResponse) => void;
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);

  beforeEach(async () => {
    [asked.length, unhandled.length] = [0, 0];
    answer = (response) => answerJSON(response, 200, {});
    server = await startTLSServer((request, response) => {
      asked.push(request);
      answer(response);
    });
    client = createRestClient({ server: server.url, ca: server.ca });
    await client.request({ path: "/first" });
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    process.off("unhandledRejection", note);
    client.close();
    await server.close();
  });

  it("is given up when its caller does, and is not asked for again", async () => {
    answer = () => undefined;
    const gone = new AbortController();
    const streaming = client.stream({ path: "/second", signal: gone.signal });
    await until(() => asked.length === 2);
    gone.abort(new Error("the caller is gone"));
    const reason = await streaming.then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(reason).to.equal("the caller is gone");
    await once(asked[1]!.socket, "close");
    await nextTurn();
    expect([asked.length, server.connections(), unhandled]).to.deep.equal([2, 1, []]);
  });

  it("is given up at its deadline, and is not asked for again", async () => {
    answer = () => undefined;
    const error = await rejectionOf(client.stream({ path: "/second", timeoutMs: 100 }));
    expect(error.code).to.equal("ERR_TRANSPORT_TIMEOUT");
    await until(() => asked[1]!.socket.destroyed);
    await nextTurn();
    expect([asked.length, server.connections(), unhandled]).to.deep.equal([2, 1, []]);
  });

  it("is asked for anew where the peer had closed the connection", async () => {
    answer = (response) => {
      if (asked.length === 2) response.socket!.destroy();
      else response.end("whole");
    };
    let text = "";
    for await (const chunk of await client.stream({ path: "/second" })) text += chunk.toString();
    expect([text, asked.length, server.connections()]).to.deep.equal(["whole", 3, 2]);
  });
});
