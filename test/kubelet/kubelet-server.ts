import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Node } from "../../src/apis/node.ts";
import { parseCABundle } from "../../src/certificates/ca-bundle.ts";
import type { KeyPair } from "../../src/certificates/key-pair.ts";
import type { KubeletClientOptions } from "../../src/kubelet/kubelet-client.ts";
import { Secret } from "../../src/secret.ts";
import {
  type CertificateAuthority,
  type CertificateOptions,
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../src/testing/certificates/certificate-authority.ts";

/** Signs kubelets' serving certificates and the gateway's client certificate. */
export const authority = createCertificateAuthority({ commonName: "kubelet-ca" });
export const otherAuthority = createCertificateAuthority({ commonName: "somebody-else" });

export function keyPair({ certificatePem, keyPem }: IssuedCertificate): KeyPair {
  return { certificate: certificatePem, key: new Secret(keyPem), notBefore: 0, notAfter: Infinity };
}

export const clientPair = keyPair(authority.issue({ commonName: "gateway", organization: "gateways" }));

/** A node's serving certificate as the signer `kubernetes.io/kubelet-serving` would issue it. */
export function servingCertificate(
  options: Partial<CertificateOptions> & { readonly nodeName?: string } = {},
  issuer: CertificateAuthority = authority,
): IssuedCertificate {
  const { nodeName = "n1", ...rest } = options;
  return issuer.issue({
    ...{ commonName: `system:node:${nodeName}`, organization: "system:nodes" },
    ...{ ipAddresses: ["127.0.0.1"], dnsNames: ["n1.example"], usages: ["serverAuth"] },
    ...rest,
  });
}

export type KubeletHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server in a kubelet's place: asks for client certificates, notes what it is told. */
export interface KubeletServer {
  readonly port: number;
  /** What came, in order. */
  readonly requests: IncomingMessage[];
  /** Every connection whose handshake is over, in order; what was shown on it, and whether it went on from another. */
  readonly connections: TLSSocket[];
  readonly clientNames: (string | undefined)[];
  readonly resumptions: boolean[];
  handle: KubeletHandler;
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  serve(certificate: IssuedCertificate): void;
  close(): Promise<void>;
}

export interface KubeletServerOptions {
  /** Default: HTTP/2 too, which it does not speak: no client of ours may ask for it. */
  readonly protocols?: readonly string[];
}

export async function startKubeletServer({
  protocols = ["h2", "http/1.1"],
}: KubeletServerOptions = {}): Promise<KubeletServer> {
  const context = ({ certificatePem, keyPem }: IssuedCertificate) => ({
    ...{ cert: certificatePem, key: keyPem, ca: authority.certificatePem },
    ...{ requestCert: true, rejectUnauthorized: true },
  });
  const server = createServer({
    ...{ ...context(servingCertificate()), ALPNProtocols: [...protocols] },
    // a Go server's connection can be written to when its peer has ended
    allowHalfOpen: true,
  });
  const kubelet: KubeletServer = {
    port: 0,
    requests: [],
    connections: [],
    clientNames: [],
    resumptions: [],
    handle: (_request, response) => void response.end("ok"),
    handleUpgrade: (_request, socket) => void socket.destroy(),
    serve: (next) => server.setSecureContext(context(next)),
    async close() {
      server.closeAllConnections();
      for (const socket of accepted) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  const accepted = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    accepted.add(socket);
    socket.once("close", () => accepted.delete(socket));
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    kubelet.connections.push(socket);
    kubelet.clientNames.push(socket.getPeerX509Certificate()?.subject);
    kubelet.resumptions.push(socket.isSessionReused());
    socket.on("error", () => undefined);
  });
  server.on("tlsClientError", () => undefined);
  server.on("request", (request, response) => {
    kubelet.requests.push(request);
    kubelet.handle(request, response);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    kubelet.requests.push(request);
    kubelet.handleUpgrade(request, socket, head);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return Object.assign(kubelet, { port: (server.address() as AddressInfo).port });
}

export interface NodeParts {
  readonly name?: string;
  readonly address?: string;
  readonly type?: string;
}

/** A Node whose kubelet is at this port. */
export function nodeAt(
  port: number,
  { name = "n1", address = "127.0.0.1", type = "InternalIP" }: NodeParts = {},
): Node {
  return {
    ...{ apiVersion: "v1", kind: "Node", metadata: { name } },
    status: { addresses: [{ type, address }], daemonEndpoints: { kubeletEndpoint: { Port: port } } },
  };
}

/** For a client that reaches servers on loopback at these ports. */
export function clientOptions(...ports: readonly number[]): KubeletClientOptions {
  const bundle = parseCABundle(authority.certificatePem, "kubelet-ca.crt");
  return {
    ...{ clientCertificate: () => clientPair, ca: () => bundle },
    ...{ addressRanges: ["127.0.0.0/8"], ports, timeoutMs: 20_000 },
  };
}
