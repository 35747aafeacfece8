import { once } from "node:events";
import { connect } from "node:tls";
import { expect } from "chai";
import fc from "fast-check";
import { callerRefusedMessage } from "../../../src/server/review/refusal.ts";
import { bodyOf, request, reviewOf } from "../../admission/deployment-review.ts";
import { boundClaims, mint } from "../../authentication/minting.ts";
import { authority, createRoute, path, startWebhook, type WebhookRig } from "../webhooks/webhook-rig.ts";

const good = mint();

/** Texts that begin like something good and go wrong somewhere. */
function damaged(text: string): fc.Arbitrary<string> {
  const at = fc.nat(text.length);
  return fc.oneof(
    at.map((end) => text.slice(0, end)),
    fc
      .tuple(at, fc.string())
      .map(([from, junk]) => text.slice(0, from) + junk + text.slice(from + junk.length)),
    fc.tuple(at, at).map(([from, to]) => text.slice(0, Math.min(from, to)) + text.slice(Math.max(from, to))),
  );
}

describe("a route that enforces", () => {
  let rig: WebhookRig;
  before(async () => {
    rig = await startWebhook([createRoute()]);
  });
  after(() => rig.close());

  it("never allows without a valid caller, whatever is presented and shown", async () => {
    const credential = fc.oneof(
      damaged(good).filter((token) => token !== good),
      fc.string(),
      fc.constantFrom(
        "",
        " ",
        "null",
        good.replace(/\.[^.]*$/, "."),
        good.replace(/^[^.]*/, btoa('{"alg":"none"}')),
      ),
      fc
        .record({ aud: fc.constantFrom([], ["x"], "x", null) })
        .map((claims) => mint({ claims: boundClaims(claims) })),
    );
    const body = fc.oneof(
      fc.constant(bodyOf(reviewOf()).toString()),
      damaged(bodyOf(reviewOf()).toString()),
      fc.json(),
      fc.string({ unit: "binary" }),
    );
    const scheme = fc.constantFrom("Bearer ", "bearer ", "Basic ", "", "Bearer  ", "Negotiate ");
    await fc.assert(
      fc.asyncProperty(credential, scheme, body, async (token, word, text) => {
        const authorization = `${word}${token}`.replace(/[^\x20-\x7e]/g, "?");
        const answer = await rig.post({ headers: { Authorization: authorization }, body: Buffer.from(text) });
        expect(answer.body.response?.allowed).to.not.equal(true);
        expect([200, 401]).to.include(answer.status);
        expect(answer.text).to.contain(callerRefusedMessage);
      }),
      { numRuns: 300 },
    );
  }).timeout(30_000);

  it("answers a known caller's every body, allows only whole reviews, and names the field otherwise", async () => {
    const body = fc.oneof(damaged(bodyOf(reviewOf()).toString()), fc.json(), fc.string({ unit: "binary" }));
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        const { status, body: answer } = await rig.post({ token: good, body: Buffer.from(text) });
        expect([200, 400, 403]).to.include(status);
        const message = answer.response?.status?.message ?? answer.message;
        if (answer.response?.allowed) expect(JSON.parse(text)).to.have.nested.property("request.uid");
        else expect(message).to.be.a("string").with.length.above(10);
      }),
      { numRuns: 300 },
    );
  }).timeout(30_000);

  /** One request written by hand, and all that comes back until the connection ends or answers. */
  async function raw(text: string): Promise<string> {
    const socket = connect({
      port: rig.port,
      host: "127.0.0.1",
      ca: authority.certificatePem,
      servername: "localhost",
    });
    await once(socket, "secureConnect");
    let received = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      received += chunk;
      if (received.includes("\r\n\r\n")) socket.end();
    });
    socket.on("error", () => undefined);
    socket.write(text);
    await once(socket, "close");
    return received;
  }

  const body = bodyOf(reviewOf()).toString();
  const post = (headers: readonly string[], target = path): string =>
    [
      `POST ${target} HTTP/1.1`,
      "Host: x",
      "Content-Type: application/json",
      ...headers,
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");

  for (const [name, headers] of [
    ["twice, the good one first", [`Authorization: Bearer ${good}`, "Authorization: Bearer x"]],
    ["twice, the good one last", ["Authorization: Bearer x", `Authorization: Bearer ${good}`]],
    ["twice, in two cases", [`authorization: Bearer ${good}`, `AUTHORIZATION: Bearer ${good}`]],
    ["twice in one line", [`Authorization: Bearer ${good}, Bearer ${good}`]],
    ["empty beside a good one", ["Authorization:", `Authorization: Bearer ${good}`]],
    ["with a second word", [`Authorization: Bearer ${good} x`]],
    ["with two spaces", [`Authorization: Bearer  ${good}`]],
    ["with a tab", [`Authorization: Bearer\t${good}`]],
  ] as const)
    it(`refuses Authorization ${name}`, async () => {
      expect(await raw(post(headers))).to.contain('"allowed":false');
    });

  it("accepts the same request with one", async () => {
    expect(await raw(post([`Authorization: Bearer ${good}`]))).to.contain('"allowed":true');
  });

  it("does not take who calls from the path, the query or Host", async () => {
    for (const target of [`${path}?timeout=10s&audience=x`, `http://evil.example${path}`])
      expect(await raw(post([`Authorization: Bearer ${good}`], target))).to.contain('"allowed":true');
  });

  for (const target of ["*", "//validate/pods", "/%zz", "/validate/%70ods", "/validate/pods%00"])
    it(`does not take ${target} for the route`, async () => {
      const answer = await raw(post([`Authorization: Bearer ${good}`], target));
      expect(answer).to.match(/^HTTP\/1.1 4\d\d /);
    });

  it("refuses headers beyond 16 KiB", async () => {
    expect(await raw(post([`X-Long: ${"x".repeat(17_000)}`]))).to.match(/^HTTP\/1.1 431 /);
  });

  it("refuses a second transfer length, with which two readers would see two bodies", async () => {
    expect(await raw(post(["Transfer-Encoding: chunked"]))).to.match(/^HTTP\/1.1 400 /);
    expect(await raw(post(["Content-Length: 3"]))).to.match(/^HTTP\/1.1 400 /);
  });

  it("asks a client that expects it to continue, and reads on", async () => {
    const answer = await rig.post({
      token: good,
      headers: { Expect: "100-continue", "Content-Length": Buffer.byteLength(body) },
      send: (sending) => sending.on("continue", () => sending.end(body)).flushHeaders(),
    });
    expect(answer.body.response).to.deep.equal({ uid: request.uid, allowed: true });
  });
});
