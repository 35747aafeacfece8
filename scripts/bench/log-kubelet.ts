import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";

/**
 * As much of a kubelet as a log's way can be measured with: one log of a given size, as fast as it is taken, or with
 * `follow` a line for each reader ten times a second. Reads its task as JSON from the first argument.
 */
interface KubeletTask {
  readonly certFile: string;
  readonly keyFile: string;
  /** Signs the clients. */
  readonly caFile: string;
  readonly bytes: number;
}

const task = JSON.parse(process.argv[2]!) as KubeletTask;
const line = `2026-11-21T12:00:00.000000000Z stdout F ${"request served ".repeat(10)}\n`;
const piece = Buffer.from(line.repeat(Math.ceil(32_768 / line.length)));
const readers = new Set<ServerResponse>();

function send(response: ServerResponse): void {
  let left = task.bytes;
  const more = (): void => {
    while (left > 0) {
      const part = piece.subarray(0, left);
      left -= part.length;
      if (!response.write(part) && left > 0) {
        response.once("drain", more);
        return;
      }
    }
    response.end();
  };
  more();
}

function follow(response: ServerResponse): void {
  readers.add(response);
  response.on("close", () => readers.delete(response));
  response.write(line);
}

setInterval(() => {
  for (const reader of readers) reader.write(line);
}, 100).unref();

const server = createServer(
  {
    cert: readFileSync(task.certFile),
    key: readFileSync(task.keyFile),
    ca: readFileSync(task.caFile),
    requestCert: true,
    rejectUnauthorized: true,
  },
  (request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    if (request.url?.includes("follow=")) follow(response);
    else send(response);
  },
);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === "object" ? address?.port : undefined }));
});
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
