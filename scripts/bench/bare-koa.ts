import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import Router from "@koa/router";
import Koa from "koa";

/** The baseline: Koa and its router read, parse and answer a review over TLS, as a first draft of any webhook does. */
interface BareKoaTask {
  readonly certFile: string;
  readonly keyFile: string;
  readonly path: string;
}

interface Review {
  readonly apiVersion: string;
  readonly request: { readonly uid: string };
}

const task = JSON.parse(process.argv[2]!) as BareKoaTask;
const app = new Koa();
const router = new Router({ strict: true, sensitive: true });
router.post(task.path, async (ctx) => {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
  const review = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Review;
  ctx.body = {
    apiVersion: review.apiVersion,
    kind: "AdmissionReview",
    response: { uid: review.request.uid, allowed: true },
  };
});
app.use(router.routes());
const server = createServer(
  { cert: readFileSync(task.certFile), key: readFileSync(task.keyFile), keepAliveTimeout: 95_000 },
  app.callback(),
);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === "object" ? address?.port : undefined }));
});
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
