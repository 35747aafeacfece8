import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Secret } from "../secret.ts";

/** How a TLS connection is made. Without `ca` the system's roots decide. */
export interface TLSClientOptions {
  /** PEM. */
  readonly ca?: string | undefined;
  readonly clientCertificate?: { readonly certificate: string; readonly key: Secret } | undefined;
  /** The name the certificate has to carry, and SNI. Default: the host that is dialled. */
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
}

/** The same in Node's words: HTTP/1.1 only, TLS 1.2 at least, names as Go verifies them. */
export function tlsConnectionOptions(options: TLSClientOptions): ConnectionOptions {
  const { ca, clientCertificate, serverName, insecureSkipVerify } = options;
  return {
    minVersion: "TLSv1.2",
    // as kube-apiserver does for webhooks, so that connections spread (kubernetes/kubernetes#75791)
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: insecureSkipVerify !== true,
    checkServerIdentity: (host, certificate) => verifyName(serverName ?? host, certificate),
    ...(ca === undefined ? {} : { ca }),
    // an address is verified like a name, but must not be sent as one (RFC 6066 3)
    ...(serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName }),
    ...(clientCertificate === undefined
      ? {}
      : { cert: clientCertificate.certificate, key: clientCertificate.key.reveal() }),
  };
}

/** Node falls back to the Common Name where there are no alternative names; Go does not since 1.17. */
function verifyName(name: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname) return checkServerIdentity(name, certificate);
  return Object.assign(new Error("no subject alternative name"), { code: missingSAN });
}

/** The code of the error that a certificate without alternative names is refused with. */
export const missingSAN = "ERR_TLS_CERT_NO_ALTNAME";
