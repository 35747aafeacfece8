import { expect } from "chai";
import { diagnosticsChannel } from "../../src/diagnostics.ts";
import { createKubeletMetrics } from "../../src/monitoring/kubelet-metrics.ts";
import type { MetricSet } from "../../src/monitoring/metric-family.ts";
import { valuesOf } from "./metric-values.ts";

describe("kubelet metrics", () => {
  let metrics: MetricSet;
  beforeEach(() => {
    metrics = createKubeletMetrics();
  });
  afterEach(() => metrics.close());

  it("count logs as kube-apiserver does: how the certificate was to be looked at, and where it failed", () => {
    const logs = diagnosticsChannel("countersign:podLogs");
    const pod = { namespace: "shop", pod: "web" };
    for (const usage of ["enforce_tls", "enforce_tls", "skip_tls_allowed", "skip_tls_denied"] as const)
      logs.publish({ ...pod, usage });
    diagnosticsChannel("countersign:podLogsTLSFailure").publish({ node: "a", detail: "expired" });
    expect(valuesOf(metrics, "kube_apiserver_pod_logs_insecure_backend_total")).to.deep.equal({
      "usage=enforce_tls": 2,
      "usage=skip_tls_allowed": 1,
      "usage=skip_tls_denied": 1,
    });
    expect(valuesOf(metrics, "kube_apiserver_pod_logs_backend_tls_failure_total")).to.deep.equal({ "": 1 });
  });

  it("count certificates by whether they name their node, refused or not", () => {
    const certificates = diagnosticsChannel("countersign:kubeletCertificate");
    certificates.publish({ node: "a", status: "success", enforced: true });
    certificates.publish({ node: "a", status: "failure", enforced: true });
    certificates.publish({ node: "a", status: "failure", enforced: false });
    expect(valuesOf(metrics, "kube_apiserver_validation_kubelet_cert_cn_total")).to.deep.equal({
      "status=success": 1,
      "status=failure": 2,
    });
  });

  it("tell what kubelets answered from what they were not asked", () => {
    const kubelets = diagnosticsChannel("countersign:kubelet");
    const common = { node: "a", durationMs: 20 };
    kubelets.publish({ ...common, transport: "verified", outcome: "answered", status: 200 });
    kubelets.publish({
      ...common,
      transport: "insecure",
      outcome: "failed",
      code: "ERR_KUBELET_UNREACHABLE",
    });
    expect(valuesOf(metrics, "countersign_kubelet_requests_total")).to.deep.equal({
      "transport=verified,status=200,code=": 1,
      "transport=insecure,status=,code=ERR_KUBELET_UNREACHABLE": 1,
    });
    expect(valuesOf(metrics, "countersign_kubelet_request_duration_seconds_count")).to.deep.equal({
      "transport=verified": 1,
      "transport=insecure": 1,
    });
  });

  it("count a status that nobody knows with its like", () => {
    const kubelets = diagnosticsChannel("countersign:kubelet");
    const answered = { node: "a", durationMs: 20, transport: "verified", outcome: "answered" } as const;
    for (const status of [560, 561, 562]) kubelets.publish({ ...answered, status });
    expect(valuesOf(metrics, "countersign_kubelet_requests_total")).to.deep.equal({
      "transport=verified,status=5xx,code=": 3,
    });
  });

  it("have no label that a node could make up", () => {
    expect(new Set(metrics.families.flatMap(({ labels }) => labels))).to.deep.equal(
      new Set(["usage", "status", "transport", "code"]),
    );
  });
});
