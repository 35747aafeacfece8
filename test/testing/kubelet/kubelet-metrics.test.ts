import { expect } from "chai";
import { answerMetrics, defaultMetrics } from "../../../src/testing/kubelet/kubelet-metrics.ts";
import { createPod } from "../../../src/testing/kubelet/kubelet-pod.ts";

const clock = { now: () => 0, random: () => 0 };

describe("the embedded kubelet's metrics", () => {
  it("name the node, and every container that cAdvisor would see", () => {
    const pod = createPod({ name: "web", containers: { app: {}, side: {} } }, clock);
    const metrics = defaultMetrics("n1", [pod]);
    expect(metrics[""]).to.equal('# TYPE kubelet_node_name gauge\nkubelet_node_name{node="n1"} 1\n');
    expect(metrics["/cadvisor"].split("\n")).to.deep.equal([
      "# TYPE container_cpu_usage_seconds_total counter",
      'container_cpu_usage_seconds_total{namespace="default",pod="web",container="app"} 0.25',
      'container_cpu_usage_seconds_total{namespace="default",pod="web",container="side"} 0.25',
      "",
    ]);
    expect(metrics["/resource"]).to.contain("node_cpu_usage_seconds_total 12.5");
  });

  it("are of Prometheus' type", () => {
    expect(answerMetrics("a 1\n")).to.deep.equal({
      status: 200,
      headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores" },
      body: "a 1\n",
    });
  });
});
