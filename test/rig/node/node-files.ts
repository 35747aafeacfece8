import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CertificateAuthority,
  type CertificateOptions,
  createCertificateAuthority,
} from "../../../src/testing/certificates/certificate-authority.ts";
import { addresses } from "./addresses.ts";

export interface NodeFiles {
  readonly folder: string;
  readonly caPem: string;
  readonly caFile: string;
  /** Signs everything in the cluster but the front proxy: users' certificates, and kubelets'. */
  readonly authority: CertificateAuthority;
  readonly adminToken: string;
  readonly tokensFile: string;
  readonly signingKeyFile: string;
  readonly signingPublicFile: string;
  certificate(name: Certificate): { readonly certFile: string; readonly keyFile: string };
  /** A file of this folder, and its path. */
  write(name: string, content: string): string;
}

export type Certificate = keyof typeof certificates;

/** As a cluster's signer gives it to a kubelet, and for the host's loopback. */
export const servingCertificate = {
  commonName: `system:node:${addresses.node}`,
  organization: "system:nodes",
  dnsNames: [addresses.node],
  ipAddresses: ["127.0.0.1", addresses.nodeIp],
} as const satisfies CertificateOptions;

const certificates = {
  "kube-apiserver": {
    commonName: "kube-apiserver",
    dnsNames: [
      "localhost",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
    ],
    ipAddresses: ["127.0.0.1", addresses.nodeIp, addresses.serviceIp],
  },
  "kubelet-serving": servingCertificate,
  kubelet: { commonName: `system:node:${addresses.node}`, organization: "system:nodes" },
  "kubelet-client": { commonName: "kube-apiserver-kubelet-client", organization: "system:masters" },
  "front-proxy": { commonName: "front-proxy" },
  "kube-controller-manager": { commonName: "system:kube-controller-manager" },
  "kube-scheduler": { commonName: "system:kube-scheduler" },
  "kube-proxy": { commonName: "system:kube-proxy" },
} as const satisfies Record<string, CertificateOptions>;

/** The authority of a cluster and everything it signed, as files. The front proxy has an authority of its own. */
export function writeNodeFiles(folder: string): NodeFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, content: string): string => {
    const file = join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  const authority = createCertificateAuthority({ commonName: "countersign-node-ca" });
  const frontProxy = createCertificateAuthority({ commonName: "countersign-node-front-proxy-ca" });
  write("front-proxy-ca.crt", frontProxy.certificatePem);
  for (const name of Object.keys(certificates) as Certificate[])
    issue(name, name === "front-proxy" ? frontProxy : authority, write);
  const signing = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const adminToken = "administrator-of-a-test-cluster";
  return {
    folder,
    write,
    authority,
    adminToken,
    caPem: authority.certificatePem,
    caFile: write("ca.crt", authority.certificatePem),
    tokensFile: write("tokens.csv", `${adminToken},admin,admin-uid,"system:masters"\n`),
    signingKeyFile: write("sa.key", signing.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    signingPublicFile: write("sa.pub", signing.publicKey.export({ type: "spki", format: "pem" }).toString()),
    certificate: (name) => ({ certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }),
  };
}

function issue(
  name: Certificate,
  authority: CertificateAuthority,
  write: (name: string, content: string) => string,
): void {
  const { certificatePem, keyPem } = authority.issue(certificates[name]);
  write(`${name}.crt`, certificatePem);
  write(`${name}.key`, keyPem);
}

/** A kubeconfig of one user. */
export function kubeconfigText(server: string, caPem: string, user: object): string {
  const certificateAuthority = Buffer.from(caPem).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "node", cluster: { server, "certificate-authority-data": certificateAuthority } }],
    users: [{ name: "user", user }],
    contexts: [{ name: "node", context: { cluster: "node", user: "user" } }],
    "current-context": "node",
  });
}
