import { systemClock } from "../../clock.ts";
import type { SelfSignedMessage } from "../../diagnostics.ts";
import { createCounter, createGauge, createObservedGauge } from "../../monitoring/metric-family.ts";
import type { ServingAuthority } from "./serving-certificate.ts";

/** Metrics of a CA that the server keeps itself; without one they have no values. */
export function createSelfSignedTable(authority: () => ServingAuthority | undefined) {
  return {
    authorityExpiry: createObservedGauge(
      {
        name: "countersign_ca_expiry_timestamp_seconds",
        help: "When the CA of our own that signed the serving certificate expires.",
      },
      () => seconds(authority()?.expiresAt),
    ),
    distrusting: createObservedGauge(
      {
        name: "countersign_ca_bundle_outdated",
        help: "Webhook configurations whose caBundle does not verify what is served: calls by them fail.",
      },
      () => authority()?.distrusting?.length,
    ),
    selfSignedChanges: createCounter({
      name: "countersign_self_signed_changes_total",
      help: "Steps this replica took: a CA announced, promoted or retired, a certificate signed, something recovered.",
      labels: ["action"],
    }),
    bundleWrites: createCounter({
      name: "countersign_ca_bundle_writes_total",
      help: "How often this replica wrote a webhook configuration's caBundle.",
      labels: ["configuration"],
    }),
    selfSignedFailures: createCounter({
      name: "countersign_self_signed_failures_total",
      help: "Attempts to look after certificate and CA that failed; what is served stays.",
      labels: ["code"],
    }),
    selfSignedLast: createGauge({
      name: "countersign_self_signed_last_timestamp_seconds",
      help: "When certificate and CA were looked after last, by result: success or failure.",
      labels: ["result"],
    }),
  };
}

export function countSelfSigned(
  table: ReturnType<typeof createSelfSignedTable>,
  { outcome, action, configuration = "", code = "" }: SelfSignedMessage,
): void {
  if (outcome === "changed") table.selfSignedChanges.inc(action ?? "");
  if (outcome === "published") table.bundleWrites.inc(configuration);
  if (outcome === "checked") table.selfSignedLast.set(systemClock.now() / 1000, "success");
  if (outcome !== "failed") return;
  table.selfSignedFailures.inc(code);
  table.selfSignedLast.set(systemClock.now() / 1000, "failure");
}

function seconds(instant: number | undefined): number | undefined {
  return instant === undefined ? undefined : instant / 1000;
}
