/** One line of the table of figures. */
export interface Row {
  readonly what: string;
  /** As the target says it: `>= 0.95`, `<= 2 µs`. */
  readonly mustReach: string;
  readonly reached: string;
  readonly met: boolean;
  /** How it was measured, or why it falls short. */
  readonly note: string;
}

export interface BenchOptions {
  /** A tenth of the work: enough to see that everything still runs. */
  readonly short: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function ratio(value: number): string {
  return value.toFixed(2);
}

export function microseconds(nanoseconds: number): string {
  return `${(nanoseconds / 1000).toFixed(2)} µs`;
}

/** Nanoseconds an operation takes: the median of several rounds, after one that is not counted. */
export function nanosecondsEach(operation: () => unknown, times: number, rounds = 7): number {
  const round = (): number => {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < times; i += 1) operation();
    return Number(process.hrtime.bigint() - begin) / times;
  };
  round();
  return median(Array.from({ length: rounds }, round));
}
