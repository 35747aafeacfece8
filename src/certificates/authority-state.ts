import type { X509Certificate } from "node:crypto";
import type { ServingPair, SigningAuthority } from "./signing-authority.ts";

/** All that the replicas of a server share to serve with certificates of their own making. */
export interface AuthorityState {
  /** Signs the certificate that is served. */
  readonly signer: SigningAuthority;
  /** Trusted already, and signs once everybody who verifies trusts it. */
  readonly next: NextAuthority | undefined;
  /** Sign no more. What they signed may still be served by a replica that lost sight of the rest. */
  readonly previous: readonly X509Certificate[];
  /** Undefined where what was kept could not be used. */
  readonly leaf: ServingPair | undefined;
}

export interface NextAuthority {
  readonly authority: SigningAuthority;
  /** When it was first seen in every webhook configuration, epoch milliseconds. */
  readonly publishedAt: number | undefined;
}

/** What is kept of it where all replicas see it, as it was found. */
export type KeptAuthority =
  | { readonly kind: "empty" }
  | { readonly kind: "held"; readonly state: AuthorityState }
  /** Ours, and of no use; certificates that could be read are still trusted. */
  | { readonly kind: "damaged"; readonly problem: string; readonly trusted: readonly X509Certificate[] }
  /** Not ours: never overwritten. */
  | { readonly kind: "foreign"; readonly problem: string };

/** The certificates to verify us with. */
export function trustedCertificates({ signer, next, previous }: AuthorityState): readonly X509Certificate[] {
  return [signer.certificate, ...(next === undefined ? [] : [next.authority.certificate]), ...previous];
}

/** The same as PEM: what a `caBundle` holds, before base64. The same state gives the same bytes. */
export function bundleOf(state: AuthorityState): string {
  return trustedCertificates(state).join("");
}
