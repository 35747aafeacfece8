import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serviceAudience } from "../../apis/audience.ts";
import { createCertificateAuthority } from "../../testing/certificates/certificate-authority.ts";
import { callerAccount, serverName, service, webhookPath } from "./objects.ts";

export interface ServerFiles {
  readonly configuration: string;
  readonly caPem: string;
}

/** What `countersign serve` reads: a configuration, a certificate, and a policy in TypeScript that nobody builds. */
export async function writeServerFiles(
  folder: string,
  port: number,
  kubeconfig: string,
): Promise<ServerFiles> {
  const authority = createCertificateAuthority({ commonName: "countersign-demo" });
  const { certificatePem, keyPem } = authority.issue({ commonName: serverName, dnsNames: [serverName] });
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  await write("tls.crt", certificatePem);
  await write("tls.key", keyPem);
  await write("images.ts", policy);
  await write("server.kubeconfig", kubeconfig);
  return { configuration: await write("server.yaml", configuration(port)), caPem: authority.certificatePem };
}

function configuration(port: number): string {
  return `apiVersion: countersign.dev/v1alpha1
kind: ServerConfiguration
listen: {host: "127.0.0.1", port: ${port}}
admin: {host: "127.0.0.1", port: 0}
tls: {certFile: tls.crt, keyFile: tls.key}
issuers:
  - name: cluster
webhooks:
  - path: ${webhookPath}
    audiences: ["${serviceAudience({ ...service, port, path: webhookPath })}"]
    authentication:
      mode: enforce
      webhookTokens:
        kinds: [ValidatingWebhookConfiguration]
        serviceAccounts: [{namespace: ${callerAccount.namespace}, name: ${callerAccount.name}}]
      serviceAccounts: [{namespace: kube-system, name: somebody-else}]
    policy: {file: images.ts}
drain: {delay: 0s}
log: {level: debug}
`;
}

const policy = `import { definePolicy } from "countersign";

interface Deployment {
  spec: { template: { spec: { containers: { image: string }[] } } };
}

export default definePolicy<Deployment>({
  name: "images-from-registry",
  match: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"] }],
  validate: (review) =>
    review.object.spec.template.spec.containers.every(({ image }) => image.startsWith("registry.example.com/")) ||
    review.deny("images come from registry.example.com only"),
});
`;
