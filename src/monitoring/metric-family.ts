/** Metrics as plain numbers: counting costs a map look-up. prom-client, 4 to 6 µs a count, is left to print them. */

export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface HistogramDefinition extends MetricDefinition {
  /** Upper bounds, ascending, without infinity. */
  readonly buckets: readonly number[];
}

export interface MetricValue {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** One metric with all its label values, as prom-client's registry asks for it. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly aggregator: "sum";
  /** The names that its values have, a histogram's `le` left out. */
  readonly labels: readonly string[];
  values(): MetricValue[];
}

/** Metrics that are counted until it is closed. */
export interface MetricSet {
  readonly families: readonly MetricFamily[];
  close(): void;
}

export interface Counter extends MetricFamily {
  /** Values in the order of the definition's labels. */
  inc(...labels: readonly string[]): void;
  add(amount: number, ...labels: readonly string[]): void;
}

export interface Gauge extends MetricFamily {
  set(value: number, ...labels: readonly string[]): void;
}

export interface Histogram extends MetricFamily {
  observe(value: number, ...labels: readonly string[]): void;
}

export function createCounter(definition: MetricDefinition): Counter {
  const series = createSeries(definition, () => ({ value: 0 }));
  return {
    ...describe(definition, "counter"),
    inc(...labels) {
      series.of(labels).value++;
    },
    add(amount, ...labels) {
      series.of(labels).value += amount;
    },
    values: () => series.map(({ value }, labels) => [{ labels, value }]),
  };
}

export function createGauge(definition: MetricDefinition): Gauge {
  const series = createSeries(definition, () => ({ value: 0 }));
  return {
    ...describe(definition, "gauge"),
    set(value, ...labels) {
      series.of(labels).value = value;
    },
    values: () => series.map(({ value }, labels) => [{ labels, value }]),
  };
}

/** A gauge that is asked when it is read. */
export function createObservedGauge(
  definition: MetricDefinition,
  read: () => number | undefined,
): MetricFamily {
  return {
    ...describe(definition, "gauge"),
    values() {
      const value = read();
      return value === undefined ? [] : [{ labels: {}, value }];
    },
  };
}

/** The same with a value for each set of labels there is then; labels in the order of the definition's. */
export function createObservedGauges(
  definition: MetricDefinition,
  read: () => readonly { readonly labels: readonly string[]; readonly value: number }[],
): MetricFamily {
  return {
    ...describe(definition, "gauge"),
    values: () => read().map(({ labels, value }) => ({ labels: labelsOf(definition, labels), value })),
  };
}

export function createHistogram(definition: HistogramDefinition): Histogram {
  const { name, buckets } = definition;
  const series = createSeries(definition, () => ({
    counts: new Array<number>(buckets.length + 1).fill(0),
    sum: 0,
  }));
  return {
    ...describe(definition, "histogram"),
    observe(value, ...labels) {
      const one = series.of(labels);
      let bucket = 0;
      while (bucket < buckets.length && value > buckets[bucket]!) bucket++;
      one.counts[bucket]!++;
      one.sum += value;
    },
    values: () =>
      series.map(({ counts, sum }, labels) => {
        let total = 0;
        const bounded = counts.map((count, bucket) => {
          total += count;
          return {
            metricName: `${name}_bucket`,
            labels: { ...labels, le: buckets[bucket] ?? "+Inf" },
            value: total,
          };
        });
        return [
          ...bounded,
          { metricName: `${name}_sum`, labels, value: sum },
          { metricName: `${name}_count`, labels, value: total },
        ];
      }),
  };
}

function describe<Type extends MetricFamily["type"]>(
  { name, help, labels = [] }: MetricDefinition,
  type: Type,
) {
  return { name, help, type, labels, aggregator: "sum" as const };
}

function labelsOf({ labels: names = [] }: MetricDefinition, values: readonly string[]): Labels {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}

type Labels = Readonly<Record<string, string>>;

interface Series<T> {
  of(labels: readonly string[]): T;
  map(read: (one: T, labels: Labels) => MetricValue[]): MetricValue[];
}

/** One level for each label: walking down costs less than joining the values into one key. */
interface Branch<T> {
  readonly branches: Map<string, Branch<T>>;
  one: T | undefined;
}

function createSeries<T>(definition: MetricDefinition, create: () => T): Series<T> {
  const known: { readonly labels: Labels; readonly one: T }[] = [];
  const root: Branch<T> = { branches: new Map(), one: undefined };
  const add = (values: readonly string[]): T => {
    const one = create();
    known.push({ labels: labelsOf(definition, values), one });
    return one;
  };
  return {
    of(values) {
      let branch = root;
      for (const value of values) branch = branch.branches.get(value) ?? grow(branch, value);
      branch.one ??= add(values);
      return branch.one;
    },
    map: (read) => known.flatMap(({ labels, one }) => read(one, labels)),
  };
}

function grow<T>({ branches }: Branch<T>, value: string): Branch<T> {
  const grown: Branch<T> = { branches: new Map(), one: undefined };
  branches.set(value, grown);
  return grown;
}
