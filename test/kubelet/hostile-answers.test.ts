import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { rejectionOf } from "../rejection.ts";
import { poll } from "../rig/poll.ts";
import { useKubelet } from "./kubelet-fixture.ts";

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

describe("a kubelet's answer that is written by hand", () => {
  const fixture = useKubelet();
  /** What goes over the connection on which the kubelet was asked. */
  const answering = (write: (socket: IncomingMessage["socket"]) => unknown): void => {
    fixture.kubelet.handle = ({ socket }) => void write(socket);
  };
  const connectionIsLeft = () =>
    poll("the connection's end", () => fixture.kubelet.connections[0]?.destroyed || undefined);
  const isCut = (body: IncomingMessage): Promise<boolean> =>
    text(body).then(
      () => false,
      () => true,
    );

  for (const [what, before] of [
    ["100", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["102", "HTTP/1.1 102 Processing\r\n\r\n"],
    ["103", "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\nX-Early: 1\r\n\r\n"],
    ["a thousand 102", "HTTP/1.1 102 Processing\r\n\r\n".repeat(1_000)],
  ] as const)
    it(`is what comes behind ${what}, which is passed over`, async () => {
      answering((socket) => socket.write(`${before}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`));
      const { status, body } = await fixture.open().exchange(fixture.asked());
      expect(status).to.equal(200);
      expect(body.headers).to.deep.equal({ "content-length": "2" });
      expect(await text(body)).to.equal("ok");
    });

  for (const [what, information] of [
    ["100", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["103", "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"],
  ] as const)
    it(`is waited for no longer where ${what} comes without end`, async () => {
      answering((socket) => {
        const more = (): void => {
          while (socket.writable && socket.write(information.repeat(1_000)));
          if (socket.writable) socket.once("drain", more);
        };
        more();
      });
      const { code, message } = await rejectionOf(fixture.open({ timeoutMs: 500 }).exchange(fixture.asked()));
      expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
      expect(message).to.contain("timeout awaiting response headers");
      await connectionIsLeft();
    });

  it("is none with a head of 200 KB", async () => {
    answering((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(200_000)}\r\nContent-Length: 2\r\n\r\nok`),
    );
    const { code, message } = await rejectionOf(fixture.open().exchange(fixture.asked()));
    expect(code).to.equal("ERR_KUBELET_UNREACHABLE");
    expect(message).to.contain("transport connection broken (HPE_HEADER_OVERFLOW)");
    await connectionIsLeft();
  });

  for (const [what, rest] of [
    ["an extension of 3 MB at a chunk", `2;${"x".repeat(3_000_000)}\r\nok\r\n0\r\n\r\n`],
    ["a trailer of 300 KB", `2\r\nok\r\n0\r\nX-Long: ${"x".repeat(300_000)}\r\n\r\n`],
  ] as const)
    it(`is cut at ${what}`, async () => {
      answering((socket) => socket.write(`${chunked}5\r\nbegun\r\n${rest}`));
      const exchanged = fixture.open().exchange(fixture.asked());
      expect(await exchanged.then(({ body }) => isCut(body))).to.equal(true);
      await connectionIsLeft();
    });

  for (const [what, first] of [
    ["whose length is told", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["in chunks", `${chunked}2\r\nok\r\n0\r\n\r\n`],
    ["without a body", "HTTP/1.1 204 No Content\r\n\r\n"],
  ] as const)
    it(`ends where it ends: what stands right behind one ${what} is not the next`, async () => {
      const client = fixture.open();
      answering((socket) => socket.write(first + evil));
      const { body } = await client.exchange(fixture.asked());
      await text(body).catch(() => undefined);
      fixture.kubelet.handle = (_request, response) => void response.end("good");
      expect(await fixture.read(client)).to.equal("good");
    });
});
