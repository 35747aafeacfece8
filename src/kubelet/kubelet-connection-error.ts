import { AnswerStatusError } from "../apis/answer-status.ts";
import { hostPort, httpsOrigin } from "../apis/host-port.ts";

/** Where a connection was to go. */
export interface KubeletPeer {
  readonly nodeName: string;
  readonly host: string;
  readonly port: number;
}

/**
 * A kubelet could not be reached, or is not who it has to be. Its answer is what kube-apiserver says at a node's paths
 * (apimachinery pkg/util/proxy/transport.go); the message is for whoever looks after the gateway.
 */
export class KubeletConnectionError extends AnswerStatusError {
  /** What Go's HTTP client says of the same failure, behind `Get "URL": `. */
  readonly goText: string;
  /** `https://host:port`. */
  readonly origin: string;
  /** The certificate is good, and somebody else's: nothing to look away from. */
  readonly isAnotherNode: boolean;

  constructor(
    code: "ERR_KUBELET_CERTIFICATE" | "ERR_KUBELET_UNREACHABLE",
    peer: KubeletPeer,
    goText: string,
    options?: ErrorOptions & { readonly isAnotherNode?: boolean },
  ) {
    const origin = httpsOrigin(peer);
    const message = `error trying to reach service: ${goText}`;
    super(code, { code: 503, reason: "ServiceUnavailable", message }, options);
    this.message = `kubelet of node ${JSON.stringify(peer.nodeName)} (${origin}): ${goText}`;
    this.goText = goText;
    this.origin = origin;
    this.isAnotherNode = options?.isAnotherNode ?? false;
  }
}

/** @param fault - as Go's crypto/x509 words it. */
export function certificateFailure(
  peer: KubeletPeer,
  fault: string,
  isAnotherNode = false,
): KubeletConnectionError {
  return new KubeletConnectionError(
    "ERR_KUBELET_CERTIFICATE",
    peer,
    `tls: failed to verify certificate: ${fault}`,
    { isAnotherNode },
  );
}

/** The kubelet was silent for too long. */
export function timeoutFailure(peer: KubeletPeer, timeoutMs: number): KubeletConnectionError {
  const text = `net/http: timeout awaiting response headers (${timeoutMs} ms)`;
  return new KubeletConnectionError("ERR_KUBELET_UNREACHABLE", peer, text);
}

/** What a socket, DNS, TLS or the parser of answers reports. Node's own message can hold bytes of the peer's; its code cannot. */
export function connectionFailure(peer: KubeletPeer, cause: NodeJS.ErrnoException): KubeletConnectionError {
  return new KubeletConnectionError("ERR_KUBELET_UNREACHABLE", peer, goText(peer, cause.code ?? ""), {
    cause,
  });
}

const dialTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  EADDRNOTAVAIL: "connect: cannot assign requested address",
  ETIMEDOUT: "i/o timeout",
};
const exchangeTexts: Readonly<Record<string, string>> = {
  ECONNRESET: "EOF",
  EPIPE: "write: broken pipe",
  ERR_SSL_WRONG_VERSION_NUMBER: "http: server gave HTTP response to HTTPS client",
  EPROTO: "tls: first record does not look like a TLS handshake",
};

function goText(peer: KubeletPeer, code: string): string {
  if (code === "ENOTFOUND") return `dial tcp: lookup ${peer.host}: no such host`;
  if (code === "EAI_AGAIN") return `dial tcp: lookup ${peer.host}: server misbehaving`;
  if (Object.hasOwn(dialTexts, code)) return `dial tcp ${hostPort(peer)}: ${dialTexts[code]}`;
  if (Object.hasOwn(exchangeTexts, code)) return exchangeTexts[code]!;
  if (code.startsWith("HPE_")) return `net/http: HTTP/1.x transport connection broken (${code})`;
  // ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED and the like: the kubelet does not accept the gateway's certificate
  return code.includes("ALERT")
    ? `remote error: tls: ${alertText(code)}`
    : `the exchange failed (${code || "no code"})`;
}

function alertText(code: string): string {
  return code
    .replace(/^.*ALERT_/, "")
    .toLowerCase()
    .replaceAll("_", " ");
}
