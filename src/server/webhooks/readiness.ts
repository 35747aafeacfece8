import type { TokenIssuer } from "../../authentication/token-issuer.ts";
import type { HealthCheck } from "../../monitoring/health.ts";
import { livenessChecks, shutdownCheck } from "../../monitoring/process-checks.ts";

export interface ReadinessOptions {
  readonly draining: () => boolean;
  /** Those of the certificate. */
  readonly certificate: readonly HealthCheck[];
  readonly issuers: readonly TokenIssuer[];
}

/** Whether reviews can be answered well. */
export function readinessChecks(options: ReadinessOptions): readonly HealthCheck[] {
  return [
    ...livenessChecks,
    shutdownCheck("server", options.draining),
    ...options.certificate,
    ...options.issuers.map((issuer) => ({ name: `issuer-${issuer.name}`, check: () => checkIssuer(issuer) })),
  ];
}

function checkIssuer(issuer: TokenIssuer): void {
  if (issuer.ready()) return;
  // nobody sends tokens to a server that is not ready, so nobody else would fetch
  issuer.refresh().catch(() => undefined);
  throw new Error(`issuer ${issuer.name}: no keys that may be used`);
}
