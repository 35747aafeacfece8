import type { CertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import type { ApiClient } from "../rig/api-client.ts";

/** A running API server that the contract is held against. */
export interface Target {
  readonly url: string;
  readonly caPem: string;
  /** A bearer token of group system:masters. */
  readonly adminToken: string;
  /** Signs certificates of users. */
  readonly certificateAuthority: CertificateAuthority;
  /** Signs certificates of front proxies. */
  readonly frontProxyAuthority: CertificateAuthority;
  /** Makes the server forget which changes led to its present state, as a restart does. */
  forgetHistory(): Promise<void>;
  stop(): Promise<void>;
}

export interface TargetOptions {
  /** The gate APIServerWebhookAuthenticationToken. */
  readonly attestations: boolean;
}

/** Something that can start such a server. */
export interface TargetKind {
  readonly name: string;
  start(options: TargetOptions): Promise<Target>;
  /** Cases that this kind cannot run, by title, each with its reason. They are listed as pending. */
  readonly cannot?: Readonly<Record<string, string>>;
}

/** What every part of the contract is given. Functions, because the server starts only when the cases run. */
export interface Contract {
  target(): Target;
  /** As system:masters. */
  admin(): ApiClient;
  /** A name that nothing in this run has yet. */
  unique(stem: string): string;
  /** Declares one named case. */
  check(title: string, run: () => Promise<void>): void;
}
