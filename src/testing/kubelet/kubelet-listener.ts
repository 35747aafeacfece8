import { constants } from "node:crypto";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CountersignError } from "../../errors.ts";
import type { IssuedCertificate } from "../certificates/certificate-authority.ts";
import { type KubeletAnswer, plain } from "./kubelet-answer.ts";
import { type KubeletMount, parseTarget, route } from "./router.ts";
import { echoUpgraded, upgradeRequired } from "./streaming.ts";

export interface KubeletListenerOptions {
  readonly certificate: IssuedCertificate;
  readonly clientCaPem: string | undefined;
  readonly mounts: readonly KubeletMount[];
  /** Called once for each request, before anything is decided. */
  readonly onRequest: (request: IncomingMessage) => void;
  /** Undefined where the request may be served. */
  readonly refusalOf: (request: IncomingMessage, path: string) => Promise<KubeletAnswer | undefined>;
}

export interface KubeletListener {
  /** The port it listens on. */
  listen(port: number, host: string): Promise<number>;
  /** New connections are shown this one; idle ones are closed. */
  useCertificate(certificate: IssuedCertificate): void;
  close(): Promise<void>;
}

const hourMs = 3_600_000;

/** As pkg/kubelet/server has net/http; how large a head may be is net/http's own default. */
const limits: ServerOptions = {
  maxHeaderSize: 1 << 20,
  requestTimeout: 4 * hourMs,
  headersTimeout: 4 * hourMs,
  keepAliveTimeout: 90_000,
};

/** TLS that asks for client certificates, and the kubelet's handlers behind it. */
export function createKubeletListener(options: KubeletListenerOptions): KubeletListener {
  const context = ({ certificatePem: cert, keyPem: key }: IssuedCertificate) => ({
    ...{ cert, key },
    ...(options.clientCaPem !== undefined && { ca: options.clientCaPem }),
    // a session that is taken up again has forgotten the client's intermediates
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
  const server: Server = createServer(
    { ...context(options.certificate), ...limits, requestCert: true, rejectUnauthorized: false },
    (request, response) => void serve(request, response, options),
  );
  // as many as fit in
  server.maxHeadersCount = 0;
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request, socket, head) => {
    upgraded.add(socket.once("close", () => upgraded.delete(socket)));
    void upgrade({ request, socket, head }, options);
  });
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once("error", (cause) =>
          reject(
            new CountersignError("ERR_TRANSPORT", `cannot listen on ${host}:${port}: ${cause.message}`, {
              cause,
            }),
          ),
        );
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    useCertificate(certificate) {
      server.setSecureContext(context(certificate));
      server.closeIdleConnections();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: KubeletListenerOptions,
): Promise<void> {
  options.onRequest(request);
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    await write(response, await answer(request, options, gone.signal));
  } catch {
    response.destroy();
  }
}

async function answer(
  request: IncomingMessage,
  { mounts, refusalOf }: KubeletListenerOptions,
  signal: AbortSignal,
): Promise<KubeletAnswer> {
  const { method = "GET", url = "" } = request;
  const target = parseTarget(url);
  if (target === undefined) return plain(400, "400 Bad Request", { Connection: "close" });
  const destination = route(mounts, method, target);
  if ("open" in destination) return destination.open;
  const refusal = await refusalOf(request, target.path);
  if (refusal !== undefined) return refusal;
  const { guarded, parameters } = destination;
  const query = new URLSearchParams(target.search);
  return guarded({ method, parameters, query, body: await readBody(request), signal });
}

/** A megabyte is more than any of these endpoints reads. */
const bodyLimit = 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= bodyLimit) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function write(response: ServerResponse, { status, headers, body }: KubeletAnswer): Promise<void> {
  if (typeof body === "string") {
    response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) }).end(body);
    return;
  }
  response.writeHead(status, headers).flushHeaders();
  await pipeline(Readable.from(body, { objectMode: false }), response);
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Where nothing is to be upgraded, it is a request like any other, and the connection ends with its answer. */
async function upgrade({ request, socket, head }: Upgrade, options: KubeletListenerOptions): Promise<void> {
  options.onRequest(request);
  const gone = new AbortController();
  socket.on("error", () => socket.destroy()).on("close", () => gone.abort());
  const found = await answer(request, options, gone.signal).catch(() => plain(500, ""));
  if (found === upgradeRequired) return echoUpgraded(request, socket, head);
  const { status, headers, body } = found;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(typeof body === "string" ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
    "Connection: close",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (typeof body === "string") socket.end(body);
  else await pipeline(Readable.from(body, { objectMode: false }), socket).catch(() => socket.destroy());
}
