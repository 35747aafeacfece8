import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { startProcess } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import type { RealControlPlane } from "../rig/real-control-plane.ts";
import { executable } from "./serve-process.ts";

/** A server that speaks as an API server. */
export interface APIServer {
  readonly url: string;
  readonly caPem: string;
}

export interface GatewayProcess extends APIServer {
  stop(): Promise<number>;
}

/** `countersign gateway` in front of a control plane without nodes, which lets anonymous ask what anonymous may. */
export async function startGateway(
  controlPlane: RealControlPlane,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<GatewayProcess> {
  const authority = createCertificateAuthority({ commonName: "gateway-ca" });
  const serving = authority.issue({ commonName: "gateway", ipAddresses: ["127.0.0.1"] });
  const kubelet = authority.issue({ commonName: "countersign-gateway" });
  const [port, adminPort] = [await freePort(), await freePort()];
  const write = (name: string, content: string): string => {
    const file = join(controlPlane.folder, `gateway-${port}-${name}`);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  const configuration = {
    apiVersion: "countersign.dev/v1alpha1",
    kind: "GatewayConfiguration",
    listen: { host: "127.0.0.1", port },
    admin: { host: "127.0.0.1", port: adminPort },
    tls: { certFile: write("tls.crt", serving.certificatePem), keyFile: write("tls.key", serving.keyPem) },
    authentication: {
      clientCAFromConfigMap: true,
      requestHeader: { fromConfigMap: true },
      tokenReview: {},
      anonymous: true,
    },
    kubelet: {
      clientCertificate: {
        certFile: write("kubelet.crt", kubelet.certificatePem),
        keyFile: write("kubelet.key", kubelet.keyPem),
      },
      caFile: write("kubelet-ca.crt", authority.certificatePem),
    },
    drain: { delay: "0s", timeout: "5s" },
    ...fields,
  };
  const flags = ["--config", write("gateway.json", JSON.stringify(configuration))];
  const gateway = startProcess({
    command: process.execPath,
    args: [executable, "gateway", ...flags, "--kubeconfig", controlPlane.kubeconfigFile],
  });
  await poll("the gateway to be ready", async () => {
    if (gateway.exitCode !== undefined) throw new Error(`the gateway ended: ${gateway.output()}`);
    const ready = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
    return ready?.status === 200 ? true : undefined;
  });
  return { url: `https://127.0.0.1:${port}`, caPem: authority.certificatePem, stop: () => gateway.stop() };
}

/** What a client of a server presents: members of a kubeconfig's user. */
export type Presented = Readonly<Record<string, string>>;

/** A kubeconfig of one server and one user. */
export function kubeconfigOf({ url, caPem }: APIServer, user: Presented): string {
  const cluster = { server: url, "certificate-authority-data": Buffer.from(caPem).toString("base64") };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}

/** A certificate and its key as a kubeconfig's user has them. */
export function certificateUser({
  certificatePem,
  keyPem,
}: {
  readonly certificatePem: string;
  readonly keyPem: string;
}): Presented {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return { "client-certificate-data": base64(certificatePem), "client-key-data": base64(keyPem) };
}
