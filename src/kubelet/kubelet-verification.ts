import type { TLSSocket } from "node:tls";
import { systemClock } from "../clock.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { certificateFailure, type KubeletPeer } from "./kubelet-connection-error.ts";
import { nodeNameFault, servingCertificateFault } from "./serving-certificate.ts";

const certificateChannel = diagnosticsChannel("countersign:kubeletCertificate");

/**
 * Judges a kubelet by the certificate of a handshake that is over, before anything has been written.
 * @throws ERR_KUBELET_CERTIFICATE.
 */
export function verifyKubelet(socket: TLSSocket, peer: KubeletPeer, nodeNames: "verify" | "ignore"): void {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw certificateFailure(peer, "x509: no certificate was shown");
  // the code of OpenSSL's verdict, whatever its type says
  const problem = socket.authorized ? undefined : String(socket.authorizationError);
  const fault = servingCertificateFault({ certificate, chainProblem: problem }, peer.host, systemClock.now());
  if (fault !== undefined) throw certificateFailure(peer, fault);
  const enforced = nodeNames === "verify";
  const detail = nodeNameFault(certificate, peer.nodeName);
  // counted where it is not enforced, too, so that it can be seen whether it could be (KEP-4872)
  const { nodeName: node } = peer;
  certificateChannel.publish(
    detail === undefined
      ? { node, status: "success", enforced }
      : { node, status: "failure", enforced, detail },
  );
  if (enforced && detail !== undefined) throw certificateFailure(peer, detail, true);
}
