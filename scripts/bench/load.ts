import { readFileSync } from "node:fs";
import { connect, type TLSSocket } from "node:tls";

/**
 * A bounded load from one process: keep-alive connections, one request in flight on each, every answer checked. Reads its
 * task as JSON from the first argument and prints `{requests, seconds, refused}` as JSON.
 */
interface LoadTask {
  readonly port: number;
  readonly caFile: string;
  readonly serverName: string;
  /** A whole HTTP/1.1 request, as bytes on the wire. */
  readonly requestFile: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** What an accepted answer contains. */
  readonly expect: string;
}

const task = JSON.parse(process.argv[2]!) as LoadTask;
const request = readFileSync(task.requestFile);
const ca = readFileSync(task.caFile);
const contentLength = /content-length: (\d+)/i;
const counted = { requests: 0, unexpected: 0 };
const begin = performance.now();
const from = begin + task.warmUpMs;
const until = from + task.measureMs;

function drive(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = "";
    socket.setNoDelay(true).setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      received += chunk;
      const headEnd = received.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const length = Number(contentLength.exec(received)?.[1]);
      if (received.length < headEnd + 4 + length) return;
      const now = performance.now();
      if (now >= from && now < until) counted.requests += 1;
      if (!received.startsWith("HTTP/1.1 200") || !received.includes(task.expect)) counted.unexpected += 1;
      received = "";
      if (now < until) socket.write(request);
      else socket.end();
    });
    socket.on("error", reject).on("close", () => resolve());
    socket.write(request);
  });
}

const sockets = Array.from({ length: task.connections }, () =>
  connect({
    host: "127.0.0.1",
    port: task.port,
    ca,
    servername: task.serverName,
    ALPNProtocols: ["http/1.1"],
  }),
);
await Promise.all(sockets.map(drive));
const cpu = process.cpuUsage();
console.log(
  JSON.stringify({
    requests: counted.requests,
    unexpected: counted.unexpected,
    perSecond: counted.requests / (task.measureMs / 1000),
    cpuShare: (cpu.user + cpu.system) / 1000 / (performance.now() - begin),
  }),
);
