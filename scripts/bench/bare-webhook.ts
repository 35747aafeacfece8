import { readFileSync } from "node:fs";
import { createServer } from "node:tls";

/** A webhook that costs next to nothing, so that what calls it is what is measured: reads by Content-Length, echoes the uid. */
interface BareWebhookTask {
  readonly certFile: string;
  readonly keyFile: string;
}

const task = JSON.parse(process.argv[2]!) as BareWebhookTask;
const contentLength = /content-length: (\d+)/i;
const uid = /"uid":"([^"]+)"/;

const server = createServer(
  { cert: readFileSync(task.certFile), key: readFileSync(task.keyFile), ALPNProtocols: ["http/1.1"] },
  (socket) => {
    let received = "";
    socket.setNoDelay(true).setEncoding("latin1");
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: string) => {
      received += chunk;
      const headEnd = received.indexOf("\r\n\r\n");
      if (headEnd < 0 || received.length < headEnd + 4 + Number(contentLength.exec(received)?.[1])) return;
      const body = JSON.stringify({
        kind: "AdmissionReview",
        apiVersion: "admission.k8s.io/v1",
        response: { uid: uid.exec(received)?.[1], allowed: true },
      });
      received = "";
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  },
);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === "object" ? address?.port : undefined }));
});
process.once("SIGTERM", () => process.exit(0));
