import type { KubeletAnswer } from "./kubelet-answer.ts";
import type { PodState } from "./kubelet-pod.ts";

/** The texts of `/metrics` and below, by what stands behind `/metrics`. */
export type KubeletMetrics = Readonly<Record<MetricsPath, string>>;

/** What stands behind `/metrics`: nothing, or one of the paths below it. */
export type MetricsPath = "" | "/cadvisor" | "/resource" | "/probes" | "/slis";

export const metricsPaths: readonly MetricsPath[] = ["", "/cadvisor", "/resource", "/probes", "/slis"];

/** One family each of those a kubelet has there, with figures that are made up and stay as they are. */
export function defaultMetrics(nodeName: string, pods: readonly PodState[]): KubeletMetrics {
  const containers = pods.flatMap(({ namespace, name, containers: all }) =>
    all.map((container) => ({ namespace, pod: name, container: container.name })),
  );
  return {
    "": family("kubelet_node_name", "gauge", [[{ node: nodeName }, 1]]),
    "/cadvisor": family(
      "container_cpu_usage_seconds_total",
      "counter",
      containers.map((labels) => [labels, 0.25]),
    ),
    "/resource": family("node_cpu_usage_seconds_total", "counter", [[{}, 12.5]]),
    "/probes": family("process_start_time_seconds", "gauge", [[{}, 1_700_000_000]]),
    "/slis": family("kubernetes_healthcheck", "gauge", [[{ name: "ping", type: "healthz" }, 1]]),
  };
}

export function answerMetrics(text: string): KubeletAnswer {
  const headers = { "Content-Type": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores" };
  return { status: 200, headers, body: text };
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

function family(name: string, type: "counter" | "gauge", samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
    return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return `# TYPE ${name} ${type}\n${lines.join("")}`;
}
