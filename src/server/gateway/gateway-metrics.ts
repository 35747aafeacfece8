import type { APIRequestMessage } from "../../diagnostics.ts";
import { createDelegationMetrics } from "../../monitoring/delegation-metrics.ts";
import { subscribeAll } from "../../monitoring/diagnostics-subscription.ts";
import { createKubeletMetrics } from "../../monitoring/kubelet-metrics.ts";
import {
  createCounter,
  createHistogram,
  createObservedGauge,
  type MetricFamily,
} from "../../monitoring/metric-family.ts";
import { createMetricsRenderer, type MetricsRenderer } from "../../monitoring/metrics-renderer.ts";
import { countReload, createReloadTable } from "../../monitoring/reload-metrics.ts";
import { statusLabel } from "../../monitoring/status-label.ts";
import { createTraceSpans } from "../../monitoring/trace-spans.ts";
import { resourceLabels, verbLabel } from "./request-labels.ts";

export interface GatewayMetricsOptions {
  readonly openStreams: () => number;
  readonly draining: () => boolean;
  /** Epoch milliseconds. */
  readonly certificateExpiresAt: () => number | undefined;
  /** Of what kubelets are shown. */
  readonly kubeletCertificateExpiresAt: () => number | undefined;
}

export interface GatewayMetrics {
  readonly families: readonly MetricFamily[];
  readonly render: MetricsRenderer;
  close(): void;
}

/** What of its own a gateway counts. */
function createTable(options: GatewayMetricsOptions) {
  return {
    requests: createCounter({
      name: "countersign_gateway_requests_total",
      help: "Requests answered, by what was asked for and the HTTP status; 499 where the client did not wait.",
      labels: ["verb", "resource", "subresource", "code"],
    }),
    requestDuration: createHistogram({
      name: "countersign_gateway_request_duration_seconds",
      help: "From a request's headers to the end of its answer: a log that is followed takes as long as it is.",
      labels: ["verb", "resource", "subresource"],
      // a discovery document takes half a millisecond, a followed log hours
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600, 3600],
    }),
    cut: createCounter({
      name: "countersign_gateway_cut_answers_total",
      help: "Answers that ended before their end: the client went away, or what they came from broke off.",
      labels: ["resource", "subresource"],
    }),
    openStreams: createObservedGauge(
      {
        name: "countersign_gateway_open_streams",
        help: "Answers of kubelets that are being passed on now, logs that are followed included.",
      },
      options.openStreams,
    ),
    ...createReloadTable(),
    traceSpans: createTraceSpans(),
    certificateExpiry: createExpiry(
      "countersign_certificate_expiry_timestamp_seconds",
      "When the serving certificate in use expires.",
      options.certificateExpiresAt,
    ),
    kubeletCertificateExpiry: createExpiry(
      "countersign_gateway_kubelet_certificate_expiry_timestamp_seconds",
      "When the client certificate that kubelets are shown expires.",
      options.kubeletCertificateExpiresAt,
    ),
    draining: createObservedGauge({ name: "countersign_draining", help: "1 while shutting down." }, () =>
      options.draining() ? 1 : 0,
    ),
  };
}

function createExpiry(name: string, help: string, expiresAt: () => number | undefined): MetricFamily {
  return createObservedGauge({ name, help }, () => {
    const at = expiresAt();
    return at === undefined ? undefined : at / 1000;
  });
}

/** Counts, from now on, what a gateway does, what it asks its cluster, and what it asks kubelets. */
export function createGatewayMetrics(options: GatewayMetricsOptions): GatewayMetrics {
  const table = createTable(options);
  const sets = [createDelegationMetrics(), createKubeletMetrics()];
  const unsubscribe = subscribeAll({
    "countersign:apiRequest": (message) => countRequest(table, message),
    "countersign:traces": ({ outcome, spans }) => table.traceSpans.add(spans, outcome),
    "countersign:reload": (message) => countReload(table, message),
  });
  const families = [...Object.values(table), ...sets.flatMap((set) => set.families)];
  return {
    families,
    render: createMetricsRenderer(families),
    close() {
      unsubscribe();
      for (const { close } of sets) close();
    },
  };
}

function countRequest(table: ReturnType<typeof createTable>, message: APIRequestMessage): void {
  const verb = verbLabel(message.verb);
  const [resource, subresource] = resourceLabels(message);
  table.requests.inc(verb, resource, subresource, statusLabel(message.code));
  table.requestDuration.observe(message.durationMs / 1000, verb, resource, subresource);
  if (message.cut) table.cut.inc(resource, subresource);
}
