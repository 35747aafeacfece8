import { subscribeAll } from "./diagnostics-subscription.ts";
import { createCounter, createHistogram, type MetricSet } from "./metric-family.ts";
import { statusLabel } from "./status-label.ts";

/** kubernetes/kubernetes pkg/registry/core/pod/rest/log.go and pkg/kubelet/client/metrics.go. */
function createUpstreamTable() {
  return {
    podLogs: createCounter({
      name: "kube_apiserver_pod_logs_insecure_backend_total",
      help: "Requests for pods' logs, by usage: enforce_tls, skip_tls_allowed, skip_tls_denied.",
      labels: ["usage"],
    }),
    podLogsTLSFailures: createCounter({
      name: "kube_apiserver_pod_logs_backend_tls_failure_total",
      help: "Requests for pods' logs that failed because the kubelet's serving certificate does not verify.",
    }),
    certificateNames: createCounter({
      name: "kube_apiserver_validation_kubelet_cert_cn_total",
      help: "Kubelets' serving certificates compared with their nodes' names, by status: success or failure.",
      labels: ["status"],
    }),
  };
}

function createOwnTable() {
  return {
    exchanges: createCounter({
      name: "countersign_kubelet_requests_total",
      help: "Requests to kubelets, by connection (verified or insecure), the kubelet's HTTP status, and the error code where there was none.",
      labels: ["transport", "status", "code"],
    }),
    duration: createHistogram({
      name: "countersign_kubelet_request_duration_seconds",
      help: "Until the head of a kubelet's answer, or until there was none.",
      labels: ["transport"],
      // a metrics scrape of a full node takes seconds
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    }),
  };
}

/** Counts, from now on, what kubelets are asked; under kube-apiserver's names where it has them. */
export function createKubeletMetrics(): MetricSet {
  const table = { ...createUpstreamTable(), ...createOwnTable() };
  const close = subscribeAll({
    "countersign:podLogs": ({ usage }) => table.podLogs.inc(usage),
    "countersign:podLogsTLSFailure": () => table.podLogsTLSFailures.inc(),
    "countersign:kubeletCertificate": ({ status }) => table.certificateNames.inc(status),
    "countersign:kubelet"({ transport, status, code = "", durationMs }) {
      table.exchanges.inc(transport, status === undefined ? "" : statusLabel(status), code);
      table.duration.observe(durationMs / 1000, transport);
    },
  });
  return { families: Object.values(table), close };
}
