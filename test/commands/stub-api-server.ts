import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WebhookConfiguration } from "../../src/apis/admissionregistration.ts";
import type { TokenRequest } from "../../src/apis/authentication.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";

/** An API server over real TLS that does what it is told, faults above all: those that a real one cannot be made to show. */
export interface StubAPIServer {
  readonly url: string;
  /** A folder of this server's own, with `ca.crt`, `client.crt`, `client.key` and `token`. */
  readonly folder: string;
  configurations: WebhookConfiguration[];
  /** Takes a request out of the server's hands by returning true. */
  fault: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Changes a TokenRequest's answer before it is sent. */
  amend: (answer: TokenRequest) => unknown;
  /** Method and path of all requests so far. */
  readonly requests: string[];
  /** The bodies of the TokenRequests so far. */
  readonly tokenRequests: TokenRequest[];
  /** The `Authorization` of the last request, or whether it came with a certificate. */
  lastCaller(): string | undefined;
  /** Every token handed out so far. */
  readonly tokens: string[];
  close(): Promise<void>;
}

export const requesterToken = "the-requester's-own-token";

export async function startStubAPIServer(): Promise<StubAPIServer> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-stub-"));
  const authority = createCertificateAuthority();
  const serving = authority.issue({ commonName: "stub", ipAddresses: ["127.0.0.1"] });
  const client = authority.issue({ commonName: "requester" });
  writeFileSync(join(folder, "ca.crt"), authority.certificatePem);
  writeFileSync(join(folder, "client.crt"), client.certificatePem);
  writeFileSync(join(folder, "client.key"), client.keyPem);
  writeFileSync(join(folder, "token"), `${requesterToken}\n`);

  let caller: string | undefined;
  const server = createServer({
    cert: serving.certificatePem,
    key: serving.keyPem,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const stub: StubAPIServer = {
    url: "",
    folder,
    configurations: [],
    fault: undefined,
    amend: (answer) => answer,
    requests: [],
    tokenRequests: [],
    lastCaller: () => caller,
    tokens: [],
    async close() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("close", () => sockets.delete(socket))));
  server.on("request", (request: IncomingMessage & { socket: { authorized?: boolean } }, response) => {
    stub.requests.push(`${request.method} ${request.url}`);
    caller = request.headers.authorization ?? (request.socket.authorized ? "certificate" : undefined);
    if (stub.fault?.(request, response)) return;
    answer(stub, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(stub, { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function answer(
  stub: StubAPIServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const kind = /\/(validating|mutating)webhookconfigurations(?:\?|$)/.exec(request.url ?? "")?.[1];
  const account = /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)\/token$/.exec(request.url ?? "");
  if (kind !== undefined) {
    const items = stub.configurations.filter((one) => one.kind.toLowerCase().startsWith(kind));
    // the items of a list carry no type
    return send(response, 200, {
      metadata: { resourceVersion: "1" },
      items: items.map(({ apiVersion: _, kind: __, ...item }) => item),
    });
  }
  if (account === null) return send(response, 404, { kind: "Status", status: "Failure", code: 404 });
  const asked = JSON.parse(await textOf(request)) as TokenRequest;
  stub.tokenRequests.push(asked);
  const reply = grant(asked, account[1]!, account[2]!);
  stub.tokens.push(reply.status!.token);
  send(response, 201, stub.amend(reply));
}

/** The claims are a real server's, the signature is nobody's: the plugin does not verify, the webhook does. */
function grant({ spec, ...rest }: TokenRequest, namespace: string, name: string): TokenRequest {
  const iat = Math.floor(Date.now() / 1000);
  const exp = iat + 600;
  const { boundObjectRef: bound, attestations } = spec;
  const kubernetes = {
    namespace,
    serviceaccount: { name, uid: "uid-of-account" },
    ...(bound === undefined ? {} : { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
    ...(attestations === undefined ? {} : { attestations }),
  };
  const claims = {
    iss: "https://stub",
    sub: `system:serviceaccount:${namespace}:${name}`,
    aud: spec.audiences,
    iat,
    nbf: iat,
    exp,
    "kubernetes.io": kubernetes,
  };
  const token = [{ alg: "RS256", kid: "k" }, claims].map(base64url).join(".");
  const status = {
    token: `${token}.c2lnbmF0dXJl`,
    expirationTimestamp: new Date(exp * 1000).toISOString().replace(".000", ""),
  };
  return { ...rest, spec, status };
}

export function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A Status, as an API server refuses. */
export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  details?: unknown,
): void {
  send(response, code, {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    reason,
    message,
    details,
  });
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
