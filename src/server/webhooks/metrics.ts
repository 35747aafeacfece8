import type { DiagnosticsMessages } from "../../diagnostics.ts";
import { subscribeAll } from "../../monitoring/diagnostics-subscription.ts";
import {
  createCounter,
  createGauge,
  createHistogram,
  createObservedGauge,
  createObservedGauges,
  type MetricFamily,
} from "../../monitoring/metric-family.ts";
import { createMetricsRenderer, type MetricsRenderer } from "../../monitoring/metrics-renderer.ts";
import { countReload, createReloadTable } from "../../monitoring/reload-metrics.ts";
import { createTraceSpans } from "../../monitoring/trace-spans.ts";
import { countSelfSigned, createSelfSignedTable } from "../certificates/self-signed-metrics.ts";
import type { ServingAuthority } from "../certificates/serving-certificate.ts";
import { isCallerRefusal } from "../review/refusal.ts";

export interface MetricsOptions {
  /** By route: the label of a caller, which is a name from the configuration in use or `unknown`. */
  readonly callerLabels: () => ReadonlyMap<string, CallerLabel>;
  readonly inFlight: () => number;
  readonly draining: () => boolean;
  /** Policies compared with their webhooks' rules. */
  readonly policyMatches: () => readonly ComparedPolicy[];
  /** Epoch milliseconds. */
  readonly certificateExpiresAt: () => number | undefined;
  /** Where the server keeps a CA of its own. */
  readonly authority: () => ServingAuthority | undefined;
}

/** A policy of a route whose configuration says its webhook's rules. */
export interface ComparedPolicy {
  readonly path: string;
  readonly policy: string;
  /** What it matches and the rules do not send, a line for each resource; empty where they send all of it. */
  readonly unsent: readonly string[];
}

/** What a user name is called in metrics. */
export type CallerLabel = (username: string) => string;

export interface Metrics {
  readonly families: readonly MetricFamily[];
  readonly render: MetricsRenderer;
  close(): void;
}

// half a millisecond, in which a policy of a few lines answers, to the 30 s an API server waits at most
const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every metric there is. */
function createTable(options: MetricsOptions) {
  return {
    requests: createCounter({
      name: "countersign_requests_total",
      help: "Reviews answered, by the verdict and HTTP status the API server's client sees.",
      labels: ["path", "allowed", "code"],
    }),
    requestDuration: createHistogram({
      name: "countersign_request_duration_seconds",
      help: "From the request's headers to its answer.",
      labels: ["path"],
      buckets: secondsBuckets,
    }),
    authentication: createCounter({
      name: "countersign_authentication_total",
      help: "Callers accepted, refused, or in observe mode such as would have been refused.",
      labels: ["path", "mode", "result", "method", "code", "caller"],
    }),
    refusedReviews: createCounter({
      name: "countersign_refused_reviews_total",
      help: "Reviews refused for what they are, not for who sent them.",
      labels: ["path", "code"],
    }),
    ...createPolicyTable(options),
    inFlight: createObservedGauge(
      { name: "countersign_requests_in_flight", help: "Requests being answered now." },
      options.inFlight,
    ),
    keyFetches: createCounter({
      name: "countersign_issuer_key_fetches_total",
      help: "Attempts to fetch an issuer's keys.",
      labels: ["issuer", "outcome"],
    }),
    keys: createGauge({
      name: "countersign_issuer_keys",
      help: "Keys held of an issuer.",
      labels: ["issuer"],
    }),
    ...createReloadTable(),
    traceSpans: createTraceSpans(),
    certificateExpiry: createObservedGauge(
      {
        name: "countersign_certificate_expiry_timestamp_seconds",
        help: "When the serving certificate in use expires.",
      },
      () => {
        const expiresAt = options.certificateExpiresAt();
        return expiresAt === undefined ? undefined : expiresAt / 1000;
      },
    ),
    ...createSelfSignedTable(options.authority),
    draining: createObservedGauge({ name: "countersign_draining", help: "1 while shutting down." }, () =>
      options.draining() ? 1 : 0,
    ),
  };
}

/** What policies answer, and what they would but are never asked. */
function createPolicyTable({ policyMatches }: MetricsOptions) {
  return {
    policies: createCounter({
      name: "countersign_policy_verdicts_total",
      help: "What policies answered; unmatched reviews have no policy.",
      labels: ["path", "policy", "outcome", "code"],
    }),
    policyDuration: createHistogram({
      name: "countersign_policy_duration_seconds",
      help: "How long a policy took.",
      labels: ["path", "policy"],
      buckets: secondsBuckets,
    }),
    unsentMatches: createObservedGauges(
      {
        name: "countersign_policy_unsent_matches",
        help: "Resources that a policy matches and its webhook's rules do not send, where the configuration says the rules.",
        labels: ["path", "policy"],
      },
      () =>
        policyMatches().map(({ path, policy, unsent }) => ({ labels: [path, policy], value: unsent.length })),
    ),
  };
}

/** Counts what is published for the routes of one server. */
export function createMetrics(options: MetricsOptions): Metrics {
  const table = createTable(options);
  const unsubscribe = subscribeAll({
    "countersign:request": (message) => countRequest(table, options, message),
    "countersign:refusal": (message) => countRefusal(table, options, message),
    "countersign:policy": ({ path, policy, outcome, code = "", durationMs }) => {
      if (!options.callerLabels().has(path)) return;
      table.policies.inc(path, policy, outcome, code);
      if (outcome !== "unmatched") table.policyDuration.observe(durationMs / 1000, path, policy);
    },
    "countersign:traces": ({ outcome, spans }) => table.traceSpans.add(spans, outcome),
    "countersign:keys": ({ issuer, outcome, keys }) => {
      table.keyFetches.inc(issuer, outcome);
      if (keys !== undefined) table.keys.set(keys, issuer);
    },
    "countersign:selfSigned": (message) => countSelfSigned(table, message),
    "countersign:reload": (message) => countReload(table, message),
  });
  const families = Object.values(table);
  return {
    families,
    render: createMetricsRenderer(families),
    close: unsubscribe,
  };
}

/** In observe mode this is what enforcing would do, and to whom. */
function countRefusal(
  table: ReturnType<typeof createTable>,
  { callerLabels }: MetricsOptions,
  { path, mode, outcome, code, caller }: DiagnosticsMessages["countersign:refusal"],
): void {
  const callerLabel = callerLabels().get(path);
  if (callerLabel === undefined) return;
  if (!isCallerRefusal(code)) {
    table.refusedReviews.inc(path, code);
    return;
  }
  const result = outcome === "refused" ? "refused" : "would_refuse";
  const label = caller === undefined ? "unknown" : callerLabel(caller);
  table.authentication.inc(path, mode, result, "", code, label);
}

function countRequest(
  table: ReturnType<typeof createTable>,
  { callerLabels }: MetricsOptions,
  message: DiagnosticsMessages["countersign:request"],
): void {
  const { path, mode, allowed, code, durationMs, caller, method, refusal } = message;
  const callerLabel = callerLabels().get(path);
  if (callerLabel === undefined) return;
  table.requests.inc(path, allowed ? "true" : "false", String(code));
  table.requestDuration.observe(durationMs / 1000, path);
  if (caller !== undefined && (refusal === undefined || !isCallerRefusal(refusal)))
    table.authentication.inc(path, mode, "accepted", method ?? "", "", callerLabel(caller));
}
