import type { Socket } from "node:net";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { PresentedCertificate } from "./authenticator.ts";

const presented = new WeakMap<Socket, PresentedCertificate | "none">();

/**
 * The certificate the peer of a connection presented, taken once from it: the same object on every call, so that what
 * was found out about it can be remembered with it. Undefined where none came, and on a connection without TLS.
 */
export function presentedCertificate(socket: Socket): PresentedCertificate | undefined {
  let found = presented.get(socket);
  if (found === undefined) {
    found = isTLS(socket) ? takeCertificate(socket) : "none";
    presented.set(socket, found);
  }
  return found === "none" ? undefined : found;
}

function isTLS(socket: Socket): socket is TLSSocket {
  return "getPeerCertificate" in socket;
}

function takeCertificate(socket: TLSSocket): PresentedCertificate | "none" {
  const leaf: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  if (leaf?.raw === undefined) return "none";
  const chain: Buffer[] = [];
  let at = leaf;
  // a root is its own issuer
  while (at.issuerCertificate?.raw !== undefined && at.issuerCertificate !== at) {
    at = at.issuerCertificate;
    chain.push(at.raw!);
  }
  return { raw: leaf.raw, chain };
}
