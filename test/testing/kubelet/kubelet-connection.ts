import { request as httpsRequest } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import type { IssuedCertificate } from "../../../src/testing/certificates/certificate-authority.ts";
import type { Kubelet } from "../../../src/testing/kubelet/kubelet.ts";

/** Somebody who may do everything at a kubelet of this authority. */
export function administratorOf({ certificateAuthority }: Kubelet): IssuedCertificate {
  return certificateAuthority.issue({ commonName: "administrator", organization: "system:masters" });
}

/** Asks for another protocol; the head of the answer, and the connection as it stands after it. */
export function askForUpgrade(
  kubelet: Kubelet,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = "POST",
): Promise<{ readonly head: string; readonly socket: TLSSocket }> {
  const { certificatePem: cert, keyPem: key } = administratorOf(kubelet);
  const ca = kubelet.certificateAuthority.certificatePem;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: kubelet.port, ...{ ca, cert, key } }, () => {
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: kubelet\r\nConnection: Upgrade\r\n${lines.join("")}\r\n`,
      );
    });
    let text = "";
    socket.setEncoding("latin1").once("error", reject);
    socket.on("data", function read(chunk: string) {
      text += chunk;
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", read).pause();
      // what came with the head is still to be read
      if (text.length > end + 4) socket.unshift(text.slice(end + 4), "latin1");
      resolve({ head: text.slice(0, end), socket });
    });
  });
}

/** The code with which a handshake fails, or undefined where the certificate is believed. */
export function handshakeFailure({ url, certificateAuthority }: Kubelet): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { agent: false, ca: certificateAuthority.certificatePem };
    const request = httpsRequest(`${url}/healthz`, options, (response) => {
      response.resume().once("end", () => resolve(undefined));
    });
    request.once("error", (error: NodeJS.ErrnoException) => resolve(error.code)).end();
  });
}
