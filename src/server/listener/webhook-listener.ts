import { constants } from "node:crypto";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { SecureContextOptions, SecureVersion } from "node:tls";
import type { CABundle } from "../../certificates/ca-bundle.ts";
import type { KeyPair } from "../../certificates/key-pair.ts";
import { CountersignError } from "../../errors.ts";

/** What a TLS listener shows and trusts; all of it can be exchanged while it runs. */
export interface TLSMaterial {
  /** Without one every handshake is refused. */
  readonly keyPair: KeyPair | undefined;
  /** Whose client certificates some route accepts. Empty: none is asked for. */
  readonly clientCAs: readonly CABundle[];
  readonly minVersion: SecureVersion;
}

export interface WebhookListenerOptions {
  readonly tls: TLSMaterial;
  readonly handler: RequestListener;
  /** The longest a request may take to arrive. */
  readonly requestTimeoutMs: number;
}

/** Go's clients drop idle connections after 90 s; the side that waits longer never closes one in use. */
const keepAliveTimeoutMs = 120_000;

/** A ServiceAccount token is 1.1 KB; what needs more than this is no API server. */
const maxHeaderBytes = 16 * 1024;

const headersTimeoutMs = 10_000;

/**
 * The HTTPS server that webhooks are called on: HTTP/1.1 as API servers speak to webhooks. Client certificates are asked
 * for where some route accepts them, and judged by that route, not by TLS: callers with a token need none.
 */
export function createWebhookListener({ tls, handler, requestTimeoutMs }: WebhookListenerOptions): Server {
  const server = createServer(
    {
      ...secureContextOptions(tls),
      requestCert: tls.clientCAs.length > 0,
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: 1000,
    },
    handler,
  );
  return server;
}

/** Takes another certificate, key or client CA for new connections. @throws where they do not fit; the old ones stay. */
export function exchangeTLSMaterial(server: Server, tls: TLSMaterial): void {
  if (tls.keyPair === undefined)
    throw new CountersignError("ERR_CERTIFICATE_INVALID", "there is no certificate to serve with yet");
  server.setSecureContext(secureContextOptions(tls));
  // node:tls reads it for each connection (lib/internal/tls/wrap.js, tlsConnectionListener) and does not declare it
  Object.assign(server, { requestCert: tls.clientCAs.length > 0 });
}

function secureContextOptions({ keyPair, clientCAs, minVersion }: TLSMaterial): SecureContextOptions {
  return {
    ...(keyPair !== undefined && { cert: keyPair.certificate, key: keyPair.key.reveal() }),
    minVersion,
    ...(clientCAs.length > 0 && {
      ca: clientCAs.map(({ pem }) => pem),
      // a resumed session does not bring the intermediates its peer sent
      secureOptions: constants.SSL_OP_NO_TICKET,
    }),
  };
}
