import { releaseNamespace } from "./helm.ts";
import { serverPods } from "./installation.ts";
import type { SharedNode } from "./shared-node.ts";

export type LogLine = Readonly<Record<string, unknown>>;

/** What all of the release's servers logged, line by line, decoded. */
export async function serverLog(node: SharedNode): Promise<readonly LogLine[]> {
  const pods = await serverPods(node);
  const texts = await Promise.all(
    pods.map(({ metadata }) => node.kubectl(["logs", metadata.name, `--namespace=${releaseNamespace}`])),
  );
  return texts
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as LogLine);
}

export type Labels = Readonly<Record<string, string>>;

/** The sum of a metric over all servers, of the series that have these labels. */
export async function serverMetric(node: SharedNode, name: string, labels: Labels = {}): Promise<number> {
  const pods = await serverPods(node);
  const texts = await Promise.all(pods.map(({ metadata }) => metricsOf(node, metadata.name)));
  return sumOfSeries(texts, name, labels);
}

/** The sum of a metric's series that have these labels, in any number of expositions. */
export function sumOfSeries(texts: readonly string[], name: string, labels: Labels = {}): number {
  return texts
    .flatMap((text) => text.split("\n"))
    .filter((line) => /^[{ ]/.test(line.slice(name.length)) && line.startsWith(name))
    .filter((line) => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

function metricsOf(node: SharedNode, pod: string): Promise<string> {
  return node.kubectl(["get", `--raw=/api/v1/namespaces/${releaseNamespace}/pods/${pod}:8080/proxy/metrics`]);
}
