import type { MetricSet } from "../../src/monitoring/metric-family.ts";

/** The values of one metric by their labels, `a=1,b=2`. Of a histogram, name its `_bucket`, `_sum` or `_count`. */
export function valuesOf({ families }: Pick<MetricSet, "families">, metric: string): Record<string, number> {
  const values = families.flatMap((family) =>
    family.values().map((value) => ({ ...value, metric: value.metricName ?? family.name })),
  );
  return Object.fromEntries(
    values
      .filter((value) => value.metric === metric)
      .map(({ labels, value }) => [
        Object.entries(labels)
          .map(([name, label]) => `${name}=${label}`)
          .join(),
        value,
      ]),
  );
}
