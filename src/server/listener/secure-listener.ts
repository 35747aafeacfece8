import { constants } from "node:crypto";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { SecureContextOptions, SecureVersion } from "node:tls";
import type { CABundle } from "../../certificates/ca-bundle.ts";
import type { KeyPair } from "../../certificates/key-pair.ts";
import { CountersignError } from "../../errors.ts";
import type { OpenListener } from "./running-server.ts";

/** What a TLS listener shows and trusts; all of it can be exchanged while it runs. */
export interface TLSMaterial {
  /** Without one every handshake is refused. */
  readonly keyPair: KeyPair | undefined;
  /** Whose client certificates are accepted. */
  readonly clientCAs: readonly Pick<CABundle, "pem">[];
  /** Whether client certificates are asked for where none of these CAs is known yet. Default: only with CAs. */
  readonly asksForCertificates?: boolean;
  readonly minVersion: SecureVersion;
}

export interface SecureListenerOptions {
  readonly tls: TLSMaterial;
  readonly handler: RequestListener;
  /** The longest a request may take to arrive. */
  readonly requestTimeoutMs: number;
  /** Default 16 KiB: a ServiceAccount token is 1.1 KB, and an API server that calls a webhook sends little else. */
  readonly maxHeaderBytes?: number;
}

/** Go's clients drop idle connections after 90 s; the side that waits longer never closes one in use. */
const keepAliveTimeoutMs = 120_000;

const headersTimeoutMs = 10_000;

/** As Go's listeners do: an answer that goes on has nothing to say for hours, and its reader may be gone without a word. */
const probeAfterMs = 15_000;

/**
 * An HTTPS server for HTTP/1.1. Client certificates are asked for where some are accepted, and judged by whoever answers,
 * not by TLS: callers with a token need none.
 */
export function createSecureListener(options: SecureListenerOptions): Server {
  const { tls, handler, requestTimeoutMs, maxHeaderBytes = 16 * 1024 } = options;
  const server = createServer(
    {
      ...secureContextOptions(tls),
      requestCert: asksForCertificates(tls),
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelay: probeAfterMs,
      connectionsCheckingInterval: 1000,
    },
    handler,
  );
  // its limit passes over what is beyond it (node lib/_http_common.js), an Impersonate-User perhaps; the size is limit enough
  server.maxHeadersCount = 0;
  return server;
}

/** Takes another certificate, key or client CA for new connections. @throws where they do not fit; the old ones stay. */
export function exchangeTLSMaterial(server: Server, tls: TLSMaterial): void {
  if (tls.keyPair === undefined)
    throw new CountersignError("ERR_CERTIFICATE_INVALID", "there is no certificate to serve with yet");
  server.setSecureContext(secureContextOptions(tls));
  // node:tls reads it for each connection (lib/internal/tls/wrap.js, tlsConnectionListener) and does not declare it
  Object.assign(server, { requestCert: asksForCertificates(tls) });
}

/** The same by a reload: connections that were not asked for a certificate end where new ones are. */
export function exchangeListenerTLS(
  { server, connections }: OpenListener,
  after: TLSMaterial,
  before: TLSMaterial,
): void {
  exchangeTLSMaterial(server, after);
  // whoever connected before would be refused for as long as it keeps its connection
  if (asksForCertificates(after) && !asksForCertificates(before)) connections.outdate();
}

/** Whether new connections are asked for a client certificate. */
export function asksForCertificates({ clientCAs, asksForCertificates = false }: TLSMaterial): boolean {
  return asksForCertificates || clientCAs.length > 0;
}

function secureContextOptions(tls: TLSMaterial): SecureContextOptions {
  const { keyPair, clientCAs, minVersion } = tls;
  return {
    ...(keyPair !== undefined && { cert: keyPair.certificate, key: keyPair.key.reveal() }),
    minVersion,
    ...(clientCAs.length > 0 && { ca: clientCAs.map(({ pem }) => pem) }),
    // a resumed session does not bring the intermediates its peer sent
    ...(asksForCertificates(tls) && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}
