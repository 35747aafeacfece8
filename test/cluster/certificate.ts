import {
  type CertificateAuthority,
  createCertificateAuthority,
} from "../../src/testing/certificates/certificate-authority.ts";
import { release, releaseNamespace } from "./helm.ts";
import type { SharedNode } from "./shared-node.ts";

export interface OwnCertificate {
  /** The chart's `tls` for it. */
  readonly tls: object;
  /** Another one of the same CA, in the same Secret. When it ends, in epoch seconds. */
  renew(): Promise<number>;
}

const secretName = "webhook-certificate";
const daySeconds = 86_400;

/** A Secret with a certificate for the release's Service, by a CA that is none of the release's. */
export async function provideCertificate(node: SharedNode): Promise<OwnCertificate> {
  const authority = createCertificateAuthority({ commonName: "somebody-else" });
  const now = Math.floor(Date.now() / 1_000);
  await write(node, authority, now + 30 * daySeconds);
  return {
    tls: {
      mode: "existingSecret",
      existingSecret: { name: secretName, caBundle: authority.certificatePem },
    },
    renew: () => write(node, authority, now + 60 * daySeconds),
  };
}

async function write(node: SharedNode, authority: CertificateAuthority, endsAt: number): Promise<number> {
  const dnsNames = [`${release}.${releaseNamespace}.svc`];
  const pair = authority.issue({ commonName: release, dnsNames, notAfter: endsAt * 1_000 });
  await node.kubectl(["apply", "-f", "-"], {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { name: secretName, namespace: releaseNamespace },
    stringData: { "tls.crt": pair.certificatePem, "tls.key": pair.keyPem },
  });
  return endsAt;
}
