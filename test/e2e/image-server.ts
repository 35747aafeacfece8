import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from "../../src/testing/certificates/certificate-authority.ts";
import { podRequest } from "../policies/built-in/pod-review.ts";
import { type RunningProcess, startProcess } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import type { UnpackedImage } from "./unpacked-image.ts";

interface Verdict {
  readonly allowed: boolean;
  readonly status?: { readonly message: string };
}

export interface ImageServer {
  readonly process: RunningProcess;
  /** What it answers to a review of this Pod's creation. */
  ask(path: string, pod: object): Promise<Verdict>;
}

/** `serve` from an unpacked image, its configuration where a chart would mount it, ready to be called. */
export async function startImageServer(image: UnpackedImage): Promise<ImageServer> {
  const authority = createCertificateAuthority();
  const ports = { port: await freePort(), adminPort: await freePort() };
  writeServerFolder(join(image.root, "etc/countersign"), authority, ports);
  const command = image.command(["serve", "--config", "/etc/countersign/server.json"]);
  const process = startProcess(command);
  await poll("the image's server to be ready", async () => {
    if (process.exitCode !== undefined) throw new Error(process.output());
    return (await fetch(`http://127.0.0.1:${ports.adminPort}/readyz`)).ok || undefined;
  });
  return { process, ask: (path, pod) => ask(path, pod, ports.port, authority) };
}

function ask(path: string, pod: object, port: number, authority: CertificateAuthority): Promise<Verdict> {
  const body = {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: podRequest({ object: pod }),
  };
  return new Promise((answered, failed) => {
    const options = { host: "127.0.0.1", servername: "localhost", port, path, agent: false as const };
    const headers = { "content-type": "application/json" };
    const sent = request(
      { ...options, headers, method: "POST", ca: authority.certificatePem },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => answered(JSON.parse(text).response));
      },
    );
    sent.on("error", failed);
    sent.end(JSON.stringify(body));
  });
}

/** Where it is to listen. */
interface Ports {
  readonly port: number;
  readonly adminPort: number;
}

/** What a chart would mount: a configuration, a certificate, and a ConfigMap as the kubelet lays it out. */
function writeServerFolder(
  folder: string,
  authority: CertificateAuthority,
  { port, adminPort }: Ports,
): void {
  const pair = authority.issue({ commonName: "localhost", dnsNames: ["localhost"] });
  const route = (path: string, policy: object) => ({ path, authentication: { mode: "off" }, policy });
  const configuration = {
    apiVersion: "countersign.dev/v1alpha1",
    kind: "ServerConfiguration",
    listen: { host: "127.0.0.1", port },
    admin: { host: "127.0.0.1", port: adminPort },
    tls: { certFile: "tls.crt", keyFile: "tls.key" },
    webhooks: [
      route("/file", { file: "policies/policy.ts" }),
      route("/built-in", { builtIn: "trusted-registries", parameters: { registries: ["registry.example"] } }),
    ],
    drain: { delay: "0s", timeout: "5s" },
  };
  const policy = `import { definePolicy } from "countersign";
import { isGood } from "./images.ts";
interface Pod { spec: { containers: { image: string }[] } }
export default definePolicy<Pod>({
  name: "of-the-image-test",
  match: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
  validate: ({ object, deny }) => object.spec.containers.every(({ image }) => isGood(image)) || deny("not in web"),
});
`;
  const files = {
    "server.json": JSON.stringify(configuration),
    "tls.crt": pair.certificatePem,
    "tls.key": pair.keyPem,
    "policies/..dated/policy.ts": policy,
    "policies/..dated/images.ts": `export const isGood = (image: string): boolean => image.startsWith("registry.example/");\n`,
  };
  mkdirSync(join(folder, "policies/..dated"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  symlinkSync("..dated", join(folder, "policies/..data"));
  for (const name of ["policy.ts", "images.ts"])
    symlinkSync(join("..data", name), join(folder, "policies", name));
}
