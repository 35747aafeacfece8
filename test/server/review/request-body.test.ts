import { once } from "node:events";
import { Readable } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { expect } from "chai";
import { bodyOf, request, reviewOf } from "../../admission/deployment-review.ts";
import { mint } from "../../authentication/minting.ts";
import { until } from "../../until.ts";
import {
  type Answer,
  authority,
  createRoute,
  path,
  startWebhook,
  type WebhookRig,
} from "../webhooks/webhook-rig.ts";

const mib = 1024 * 1024;

function padded(size: number): Buffer {
  const body = Buffer.alloc(size, " ");
  bodyOf(reviewOf()).copy(body);
  return body;
}

function* spaces(): Generator<Buffer> {
  const chunk = Buffer.alloc(mib, " ");
  while (true) yield chunk;
}

describe("a refusal arrives", () => {
  let rig: WebhookRig;
  before(async () => {
    rig = await startWebhook([createRoute(), createRoute({ path: "/slow", limits: { bodyTimeoutMs: 200 } })]);
  });
  after(() => rig.close());

  /** A connection that writes what it is told and reads all the while, as Go's client does. */
  async function open(): Promise<TLSSocket & { received: string }> {
    const socket = connect({
      port: rig.port,
      host: "127.0.0.1",
      ca: authority.certificatePem,
      servername: "localhost",
    });
    await once(socket, "secureConnect");
    const reading = Object.assign(socket, { received: "" });
    socket.setEncoding("utf8").on("data", (chunk) => {
      reading.received += chunk;
    });
    socket.on("error", () => undefined);
    return reading;
  }

  const head = (to: string, length: number): string =>
    `POST ${to} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

  it("60 times of 60 for 6 MiB posted without a token", async () => {
    const body = padded(6 * mib);
    const post = (): Promise<Answer> => rig.post({ body });
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(Array.from({ length: 6 }, post));
      for (const answer of answers)
        expect(answer.body.response).to.deep.include({ uid: request.uid, allowed: false });
    }
  }).timeout(60_000);

  it("for a body beyond the limit and the MiB that is dropped with it", async () => {
    for (const token of [undefined, mint()]) {
      const answer = await rig.post({ body: padded(8 * mib + 1), token });
      expect(answer.status).to.equal(200);
      expect(answer.body.response).to.deep.include({ uid: request.uid, allowed: false });
    }
  });

  it("before the caller has sent all of an endless body, whose connection is then ended", async () => {
    const socket = await open();
    socket.write(head(path, 1024 * mib));
    socket.write(bodyOf(reviewOf()));
    const endless = Readable.from(spaces()).pipe(socket);
    await until(() => socket.received.includes("allowed"));
    expect(socket.received).to.match(/^HTTP\/1.1 200 [\s\S]*"allowed":false/);
    await until(() => endless.destroyed, "the end of the connection");
  });

  for (const [name, token] of [
    ["stranger", undefined],
    ["known caller", mint()],
  ] as const)
    it(`when a ${name} stops in the middle of a body`, async () => {
      const answer = await rig.post({
        path: "/slow",
        token,
        headers: { "Content-Length": "5000" },
        send: (sending) => sending.write(bodyOf(reviewOf()).subarray(0, 600)),
      });
      expect(answer.status).to.equal(200);
      expect(answer.body.response).to.deep.include({ uid: request.uid, allowed: false });
      expect(answer.body.response?.status?.code).to.equal(token === undefined ? 401 : 400);
    });

  it("and its connection carries the next request", async () => {
    const socket = await open();
    const body = bodyOf(reviewOf());
    const answered = (): number => socket.received.split('"allowed":false').length - 1;
    for (let count = 1; count <= 3; count++) {
      socket.write(head(path, body.length));
      socket.write(body);
      await until(() => answered() === count);
    }
    expect(socket.destroyed).to.equal(false);
    expect(socket.received).to.not.match(/connection: close/i);
    socket.destroy();
  });

  it("with the connection kept where draining began in the middle of a body", async () => {
    const listener = { draining: false, inFlight: 0 };
    const draining = await startWebhook([createRoute()], { listener });
    const body = padded(6 * mib);
    const answer = await draining.post({
      headers: { "Content-Length": body.length },
      send(sending) {
        sending.write(body.subarray(0, mib), () => {
          listener.draining = true;
          sending.end(body.subarray(mib));
        });
      },
    });
    expect(answer.body.response).to.deep.include({ uid: request.uid, allowed: false });
    expect(answer.headers.connection).to.equal("close");
    await draining.close();
  });

  it("and a caller that goes away in the middle of its body leaves nothing behind", async () => {
    const socket = await open();
    socket.write(head(path, 5000));
    socket.write(bodyOf(reviewOf()).subarray(0, 100));
    socket.destroy();
    const answer = await rig.post({ token: mint() });
    expect(answer.body.response?.allowed).to.equal(true);
  });
});
