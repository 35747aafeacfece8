import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { createCertificateAuthority } from "../src/testing/certificates/certificate-authority.ts";

export interface TLSServer {
  readonly url: string;
  readonly port: number;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  /** TCP connections accepted so far. */
  connections(): number;
  close(): Promise<void>;
}

const authority = createCertificateAuthority();
const localhost = authority.issue({
  commonName: "localhost",
  dnsNames: ["localhost", "svc.ns.svc", "h.example"],
  ipAddresses: ["127.0.0.1"],
});

/** An https server on a free loopback port, or the one that is named, with a certificate for localhost, svc.ns.svc and h.example. */
export async function startTLSServer(
  listener: RequestListener,
  options: ServerOptions = {},
  wantedPort = 0,
): Promise<TLSServer> {
  const tls = { cert: localhost.certificatePem, key: localhost.keyPem };
  const server = createServer({ ...tls, ...options }, listener);
  let accepted = 0;
  server.on("connection", () => accepted++);
  await new Promise<void>((resolve) => server.listen(wantedPort, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    ca: authority.certificatePem,
    connections: () => accepted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}

export function answerJSON(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
