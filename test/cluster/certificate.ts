import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { release, releaseNamespace } from "./helm.ts";
import type { SharedNode } from "./shared-node.ts";

/** A Secret with a certificate for the release's Service, and the chart's `tls` value for it. */
export async function provideCertificate(node: SharedNode): Promise<object> {
  const authority = createCertificateAuthority({ commonName: "somebody-else" });
  const pair = authority.issue({ commonName: release, dnsNames: [`${release}.${releaseNamespace}.svc`] });
  await node.kubectl(["apply", "-f", "-"], {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { name: "webhook-certificate", namespace: releaseNamespace },
    stringData: { "tls.crt": pair.certificatePem, "tls.key": pair.keyPem },
  });
  return {
    mode: "existingSecret",
    existingSecret: { name: "webhook-certificate", caBundle: authority.certificatePem },
  };
}
