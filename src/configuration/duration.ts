const unitMs = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

const unitPattern = "(?:ns|us|µs|μs|ms|s|m|h)";
const amountPattern = "(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)";

/** What Go's `time.ParseDuration` reads, without a sign: no duration of ours runs backwards. */
export const durationPattern = new RegExp(`^(?:0|(?:${amountPattern}${unitPattern})+)$`);

/** A length of time, as a configuration file writes it in Go's manner: `10s`, `2m`, `1m30s`, `1.5h`. */
export interface Duration {
  readonly ms: number;
}

/** The duration the text says, or undefined where it says none: the unit may be left out of `0` alone. */
export function parseDuration(text: string): Duration | undefined {
  // Go's own limit of 292 years needs no more letters than this
  if (text.length > 64 || !durationPattern.test(text)) return undefined;
  const parts = text.matchAll(new RegExp(`(${amountPattern})(${unitPattern})`, "g"));
  let ms = 0;
  for (const [, amount, unit] of parts) ms += Number(amount) * unitMs[unit as keyof typeof unitMs];
  return { ms };
}
