import { type KeyPair, validityFault } from "../../certificates/key-pair.ts";
import type { HealthCheck } from "../../monitoring/health.ts";

/** What a server shows to its callers, from wherever it comes. */
export interface ServingCertificate {
  /** Undefined until there is one: no handshake succeeds then. */
  readonly current: KeyPair | undefined;
  /** What has to be well before calls can succeed. */
  readonly checks: readonly HealthCheck[];
  /** Of a CA of our own. */
  readonly authority?: ServingAuthority;
  close(): unknown;
}

/** A CA that is kept by the server itself. */
export interface ServingAuthority {
  /** Epoch milliseconds. */
  readonly expiresAt: number | undefined;
  /** `Kind/name` of webhook configurations that would not verify what is served; undefined while that is not known. */
  readonly distrusting: readonly string[] | undefined;
}

/** @throws an Error that says what is wrong with it now. */
export function assertValid(keyPair: KeyPair, now: number): void {
  const fault = validityFault(keyPair, now);
  if (fault !== undefined) throw new Error(`the serving certificate ${fault}`);
}
