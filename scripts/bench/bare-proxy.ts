import { readFileSync } from "node:fs";
import { Agent, createServer, request } from "node:https";
import { pipeline } from "node:stream";

/** The baseline of the gateway: `node:https` on both sides, every byte handed on, nobody asked who calls. */
interface BareProxyTask {
  readonly certFile: string;
  readonly keyFile: string;
  readonly kubeletPort: number;
  readonly kubeletCAFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
}

const task = JSON.parse(process.argv[2]!) as BareProxyTask;
const agent = new Agent({
  keepAlive: true,
  ca: readFileSync(task.kubeletCAFile),
  cert: readFileSync(task.clientCertFile),
  key: readFileSync(task.clientKeyFile),
});
const server = createServer(
  { cert: readFileSync(task.certFile), key: readFileSync(task.keyFile) },
  (incoming, response) => {
    const path = "/containerLogs/default/web/app";
    const outgoing = request({ agent, host: "127.0.0.1", port: task.kubeletPort, path }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, { "content-type": "text/plain" });
      pipeline(answer, response, () => undefined);
    });
    outgoing.on("error", () => response.destroy());
    incoming.resume();
    outgoing.end();
  },
);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === "object" ? address?.port : undefined }));
});
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
  agent.destroy();
});
