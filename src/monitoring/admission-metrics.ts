import type { DiagnosticsMessages, WebhookMessage } from "../diagnostics.ts";
import { subscribeAll } from "./diagnostics-subscription.ts";
import { createCounter, createHistogram, type MetricFamily } from "./metric-family.ts";
import { createMetricsRenderer, type MetricsRenderer } from "./metrics-renderer.ts";

/** The metrics of calling admission webhooks, under the names kube-apiserver has for them. */
export interface AdmissionMetrics {
  /** For a registry of one's own. */
  readonly families: readonly MetricFamily[];
  /** These and the process's own in Prometheus' text format; prom-client is loaded by the first call. */
  readonly render: MetricsRenderer;
  close(): void;
}

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
    ...createTokenTable(),
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

/** KEP-6060 names these three and leaves their labels open. */
function createTokenTable() {
  return {
    tokenRequests: createCounter({
      name: "apiserver_webhook_authentication_token_request_total",
      help: "Requests for webhook-bound tokens, by result: success or failure.",
      labels: ["result"],
    }),
    tokenRequestDuration: createHistogram({
      name: "apiserver_webhook_authentication_token_request_duration_seconds",
      help: "How long requests for webhook-bound tokens took.",
      labels: ["result"],
      // an API server signs in milliseconds; an admission request waits 2 s for a token at most
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    }),
    tokenLookups: createCounter({
      name: "apiserver_webhook_authentication_token_create_calls_total",
      help: "Look-ups of a token for a call of a webhook, by result: hit or miss of those held.",
      labels: ["result"],
    }),
  };
}

type Table = ReturnType<typeof createTable>;

/** Counts, from now on, what every dispatcher and token source of this process does. */
export function createAdmissionMetrics(): AdmissionMetrics {
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
    "countersign:token": ({ apiGroup, outcome, durationMs }) => {
      // without a group it is no webhook-bound one
      if (apiGroup === undefined) return;
      const result = outcome === "minted" ? "success" : "failure";
      table.tokenRequests.inc(result);
      table.tokenRequestDuration.observe(durationMs / 1000, result);
    },
    "countersign:x509": ({ problem }) =>
      (problem === "missingSAN" ? table.missingNames : table.insecureSignatures).inc(),
    "countersign:tokenLookup": ({ outcome }) => table.tokenLookups.inc(outcome),
  });
  const families = Object.values(table);
  return { families, render: createMetricsRenderer(families), close: unsubscribe };
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
