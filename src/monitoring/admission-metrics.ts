import type { DiagnosticsMessages, WebhookMessage } from "../diagnostics.ts";
import { subscribeAll } from "./diagnostics-subscription.ts";
import { createManifestMetrics, type ManifestMetricsOptions } from "./manifest-metrics.ts";
import { createCounter, createHistogram, type MetricSet } from "./metric-family.ts";
import { createMetricsRenderer, type MetricsRenderer } from "./metrics-renderer.ts";
import { createTokenRequestMetrics } from "./token-request-metrics.ts";

/** The metrics of calling admission webhooks, under the names kube-apiserver has for them; `families` for a registry of one's own. */
export interface AdmissionMetrics extends MetricSet {
  /** These and the process's own in Prometheus' text format; prom-client is loaded by the first call. */
  readonly render: MetricsRenderer;
}

/** What a process says of itself in its metrics. */
export type AdmissionMetricsOptions = ManifestMetricsOptions;

const callLabels = ["name", "type", "operation"];
const conditionLabels = ["name", "kind", "type", "operation"];

/** Names, labels and buckets of kubernetes/apiserver pkg/admission/metrics/metrics.go. */
function createTable() {
  return {
    duration: createHistogram({
      name: "apiserver_admission_webhook_admission_duration_seconds",
      help: "How long a webhook took, by its name, the type of admission and the operation.",
      labels: [...callLabels, "rejected"],
      buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25],
    }),
    rejections: createCounter({
      name: "apiserver_admission_webhook_rejection_count",
      help: "Requests that failed by a webhook: it denied (no_error), it failed (calling_webhook_error), or its answer could not be used (apiserver_internal_error).",
      labels: [...callLabels, "error_type", "rejection_code"],
    }),
    failedOpen: createCounter({
      name: "apiserver_admission_webhook_fail_open_count",
      help: "Calls of a webhook that failed and may, by failurePolicy Ignore.",
      labels: ["name", "type"],
    }),
    requests: createCounter({
      name: "apiserver_admission_webhook_request_total",
      help: "Calls of a webhook, by HTTP status and whether the request failed by it.",
      labels: [...callLabels, "code", "rejected"],
    }),
    controllerDuration: createHistogram({
      name: "apiserver_admission_controller_admission_duration_seconds",
      help: "How long all webhooks of a kind took together, by the admission plugin that calls them.",
      labels: [...callLabels, "rejected"],
      buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5],
    }),
    conditionErrors: createCounter({
      name: "apiserver_admission_match_condition_evaluation_errors_total",
      help: "Match conditions of a webhook that could not be evaluated.",
      labels: conditionLabels,
    }),
    conditionExclusions: createCounter({
      name: "apiserver_admission_match_condition_exclusions_total",
      help: "Requests for which a webhook was left out because of its match conditions.",
      labels: conditionLabels,
    }),
    conditionDuration: createHistogram({
      name: "apiserver_admission_match_condition_evaluation_seconds",
      help: "How long evaluating a webhook's match conditions took.",
      labels: conditionLabels,
      buckets: [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
    }),
    ...createCertificateTable(),
  };
}

/** kubernetes/apiserver pkg/util/webhook/metrics.go. */
function createCertificateTable() {
  return {
    missingNames: createCounter({
      name: "apiserver_webhooks_x509_missing_san_total",
      help: "Webhooks' certificates without a subject alternative name.",
    }),
    insecureSignatures: createCounter({
      name: "apiserver_webhooks_x509_insecure_sha1_total",
      help: "Webhooks' certificates signed with SHA-1.",
    }),
  };
}

type Table = ReturnType<typeof createTable>;

/**
 * Counts, from now on, what this process does as an API server does it: calls of webhooks and their match conditions,
 * tokens that are asked for and looked up (KEP-6060's three), webhooks' certificates, folders of static manifests.
 */
export function createAdmissionMetrics(options: AdmissionMetricsOptions = {}): AdmissionMetrics {
  const table = createTable();
  const unsubscribe = subscribeAll({
    "countersign:webhook": (message) => countCall(table, message),
    "countersign:dispatch": ({ plugin, operation, rejected, durationMs }) =>
      table.controllerDuration.observe(
        durationMs / 1000,
        ...[plugin, plugin === "MutatingAdmissionWebhook" ? "admit" : "validate"],
        ...[operation, String(rejected)],
      ),
    "countersign:exclusion": ({ webhook, type, operation }) =>
      table.conditionExclusions.inc(webhook, "webhook", stepOf(type), operation),
    "countersign:matchConditions": (message) => countConditions(table, message),
    "countersign:x509": ({ problem }) =>
      (problem === "missingSAN" ? table.missingNames : table.insecureSignatures).inc(),
  });
  const others = [createTokenRequestMetrics(), createManifestMetrics(options)];
  const families = [...Object.values(table), ...others.flatMap((set) => set.families)];
  return {
    families,
    render: createMetricsRenderer(families),
    close() {
      unsubscribe();
      for (const { close } of others) close();
    },
  };
}

function countCall(table: Table, message: WebhookMessage): void {
  const { webhook, type, operation, code, rejected, errorType, failedOpen, durationMs } = message;
  table.requests.inc(webhook, type, operation, String(code), String(rejected));
  table.duration.observe(durationMs / 1000, webhook, type, operation, String(rejected));
  if (errorType !== undefined) table.rejections.inc(webhook, type, operation, errorType, String(code));
  if (failedOpen) table.failedOpen.inc(webhook, type);
}

function countConditions(table: Table, message: DiagnosticsMessages["countersign:matchConditions"]): void {
  const { webhook, kind, type, operation, errors, durationMs } = message;
  const labels = [webhook, kind, stepOf(type), operation];
  table.conditionDuration.observe(durationMs / 1000, ...labels);
  for (let error = 0; error < errors; error++) table.conditionErrors.inc(...labels);
}

/** Match conditions are counted by the step of admission, calls by the type of webhook: upstream's labels differ so. */
function stepOf(type: WebhookMessage["type"]): "validate" | "admit" {
  return type === "validating" ? "validate" : "admit";
}
