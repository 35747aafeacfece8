import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import {
  createExpressHandler,
  createNodeHandler,
  type NextFunction,
} from "../../../src/server/review/node-handler.ts";
import { bodyOf, reviewOf } from "../../admission/deployment-review.ts";
import { forgerKey, mint } from "../../authentication/minting.ts";
import { createRoute, path, startWebhook, type WebhookRig } from "../webhooks/webhook-rig.ts";

const token = mint();
const json = { "content-type": "application/json" };
const known = { ...json, authorization: `Bearer ${token}` };

const requests: Record<string, RequestInit> = {
  "a known caller": { headers: known },
  nobody: { headers: json },
  "a forger": { headers: { ...json, authorization: `Bearer ${mint({ key: forgerKey })}` } },
  "another method": { headers: known, method: "PUT" },
  "another type": { headers: { ...known, "content-type": "text/plain" } },
  "no review": { headers: known, body: "{}" },
  "no JSON": { headers: known, body: "{" },
  "nobody with no review": { headers: json, body: "" },
};

/** What a framework does: reads a body if it is told to, then calls the handler. */
function withBody(
  handler: ReturnType<typeof createExpressHandler>,
  read: (text: string) => unknown,
  next: NextFunction,
): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () =>
      handler(Object.assign(request, { body: read(Buffer.concat(chunks).toString()) }), response, next),
    );
  };
}

describe("the adapters", () => {
  let rig: WebhookRig;
  const route = createRoute();
  before(async () => {
    rig = await startWebhook([route]);
  });
  after(() => rig.close());

  async function answersOf(listener: RequestListener): Promise<Record<string, unknown>> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    const { port } = server.address() as AddressInfo;
    const found: Record<string, unknown> = {};
    for (const [name, init] of Object.entries(requests)) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        body: bodyOf(reviewOf()),
        ...init,
      });
      const { status, headers } = response;
      found[name] = { status, type: headers.get("content-type"), text: await response.text() };
    }
    server.close();
    server.closeAllConnections();
    return found;
  }

  async function served(): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    for (const [name, { headers, method, body }] of Object.entries(requests)) {
      const answer = await rig.post({
        headers: headers as Record<string, string>,
        ...(method !== undefined && { method }),
        ...(body !== undefined && { body: body as string }),
      });
      found[name] = { status: answer.status, type: answer.headers["content-type"], text: answer.text };
    }
    return found;
  }

  const unexpected = (error: unknown): void => expect.fail(`next was called with ${String(error)}`);

  it("answer on node:http to the byte as serve does", async () => {
    expect(await answersOf(createNodeHandler(route))).to.deep.equal(await served());
  });

  it("answer in Express to the byte as serve does", async () => {
    const handler = createExpressHandler(route);
    expect(await answersOf((request, response) => handler(request, response, unexpected))).to.deep.equal(
      await served(),
    );
  });

  it("take the bytes that express.raw() has read", async () => {
    const listener = withBody(createExpressHandler(route), (text) => Buffer.from(text), unexpected);
    expect(await answersOf(listener)).to.deep.equal(await served());
  });

  it("do not take a parsed body: duplicate members cannot be seen in it any more", async () => {
    const errors: unknown[] = [];
    const server = createServer((request, response) => {
      const next: NextFunction = (error) => {
        errors.push(error);
        response.writeHead(500).end();
      };
      withBody(createExpressHandler(route), (text) => JSON.parse(text), next)(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      body: bodyOf(reviewOf()),
      headers: known,
    });
    expect(response.status).to.equal(500);
    expect(errors[0]).to.have.property("code", "ERR_INTERNAL");
    expect((errors[0] as Error).message).to.contain("express.json()");
    server.close();
    server.closeAllConnections();
  });
});
