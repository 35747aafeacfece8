import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
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
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return "none";
  const chain: Buffer[] = [];
  // all that were sent, in the order in which they were: getPeerCertificate leaves out those beside the one chain it finds
  for (let at = leaf.issuerCertificate; at !== undefined; at = at.issuerCertificate) chain.push(at.raw);
  return { raw: leaf.raw, chain };
}
