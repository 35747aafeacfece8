import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { presentedCertificate } from "../../authentication/presented-certificate.ts";

/** A request as it reached the kubelet, refused ones included. Nothing is hidden: a token that came is here to be seen. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as they were on the wire. */
  readonly url: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** Its subject, one attribute a line (`CN=…`), as node prints it; undefined where the client showed no certificate. */
  readonly clientCertificate?: string;
  /** Every `Authorization` value, and every bearer token of a WebSocket: what no kubelet should ever be sent. */
  readonly credentials: readonly string[];
}

export function receivedRequest({
  method = "",
  url = "",
  rawHeaders,
  socket,
}: IncomingMessage): ReceivedRequest {
  const certificate = presentedCertificate(socket);
  return {
    method,
    url,
    rawHeaders: [...rawHeaders],
    ...(certificate !== undefined && { clientCertificate: new X509Certificate(certificate.raw).subject }),
    credentials: rawHeaders.filter(
      (value, index) => index % 2 === 1 && isCredential(rawHeaders[index - 1]!, value),
    ),
  };
}

function isCredential(name: string, value: string): boolean {
  if (name.toLowerCase() === "authorization") return true;
  return name.toLowerCase() === "sec-websocket-protocol" && value.includes("base64url.bearer.");
}
