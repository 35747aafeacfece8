import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { json } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../../src/testing/certificates/certificate-authority.ts";
import { poll } from "../poll.ts";
import { addresses } from "./addresses.ts";
import { type NodeFiles, servingCertificate } from "./node-files.ts";

/** What a kubelet may serve with: its own, one that has ended, another node's for the same addresses, a stranger's. */
export type ServingKind = "valid" | "expired" | "wrongName" | "foreign";

const hourMs = 3_600_000;

export interface ServingCertificateOptions {
  readonly files: NodeFiles;
  readonly kubeletUrl: string;
  /** Ends its connections, of which whoever holds one would never see another certificate. */
  readonly restartKubelet: () => Promise<void>;
  /** The names of the pods that it has to know again before it can be asked. */
  readonly podNames: () => Promise<readonly string[]>;
}

/** Done when the kubelet serves with this one, and knows its pods. */
export async function useServingCertificate(
  kind: ServingKind,
  { files, kubeletUrl, restartKubelet, podNames }: ServingCertificateOptions,
): Promise<void> {
  const { certificatePem, keyPem } = issue(kind, files.authority);
  const { certFile, keyFile } = files.certificate("kubelet-serving");
  writeFileSync(keyFile, keyPem);
  writeFileSync(certFile, certificatePem);
  const wanted = await podNames();
  await restartKubelet();
  const { fingerprint256 } = new X509Certificate(certificatePem);
  const reader = files.authority.issue({ commonName: "reader", organization: "system:masters" });
  await poll(
    `the kubelet to serve with its ${kind} certificate`,
    async () => {
      const { fingerprint, pods } = await askForPods(kubeletUrl, reader);
      return (fingerprint === fingerprint256 && wanted.every((name) => pods.includes(name))) || undefined;
    },
    { timeoutMs: 90_000, intervalMs: 250 },
  );
}

function issue(kind: ServingKind, authority: CertificateAuthority): IssuedCertificate {
  const signer = kind === "foreign" ? createCertificateAuthority({ commonName: "foreign" }) : authority;
  const now = Date.now();
  return signer.issue({
    ...servingCertificate,
    ...(kind === "wrongName" && { commonName: `system:node:${addresses.node}-neighbour` }),
    ...(kind === "expired" && { notBefore: now - 2 * hourMs, notAfter: now - hourMs }),
  });
}

interface PodList {
  readonly items: readonly { readonly metadata: { readonly name: string } }[] | null;
}

async function askForPods(
  kubeletUrl: string,
  { certificatePem: cert, keyPem: key }: IssuedCertificate,
): Promise<{ readonly fingerprint: string; readonly pods: readonly string[] }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { agent: false, rejectUnauthorized: false, timeout: 5_000, ...{ cert, key } };
    get(`${kubeletUrl}/pods`, options, resolve).once("error", reject);
  });
  const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate();
  const { items } = (await json(response)) as PodList;
  return { fingerprint: fingerprint256, pods: (items ?? []).map(({ metadata }) => metadata.name) };
}
