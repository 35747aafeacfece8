import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from "../certificates/certificate-authority.ts";

/**
 * A serving certificate, by what is wrong with it. `wrongName` is another node's that bears this kubelet's address all the
 * same; `wrongAddress` is this node's own, for an address that is not this kubelet's; `foreign` is signed by nobody known.
 */
export type KubeletCertificate = "valid" | "expired" | "wrongName" | "wrongAddress" | "foreign";

export interface ServingCertificateOptions {
  readonly nodeName: string;
  readonly host: string;
  readonly authority: CertificateAuthority;
  /** Epoch milliseconds. */
  readonly now: number;
}

const dayMs = 86_400_000;
/** TEST-NET-1, RFC 5737: nobody has it. */
const addressOfNobody = "192.0.2.1";

/** As a kubelet's signer issues them: `system:node:NAME` of `system:nodes`, for the node's name and address. */
export function issueServingCertificate(
  kind: KubeletCertificate,
  { nodeName, host, authority, now }: ServingCertificateOptions,
): IssuedCertificate {
  const signer = kind === "foreign" ? createCertificateAuthority({ commonName: "foreign" }) : authority;
  const owner = kind === "wrongName" ? `${nodeName}-neighbour` : nodeName;
  const elsewhere = kind === "wrongAddress";
  return signer.issue({
    commonName: `system:node:${owner}`,
    organization: "system:nodes",
    dnsNames: [elsewhere ? "elsewhere.invalid" : owner],
    ipAddresses: [elsewhere ? addressOfNobody : host],
    ...(kind === "expired" && { notBefore: now - 2 * dayMs, notAfter: now - dayMs }),
  });
}
