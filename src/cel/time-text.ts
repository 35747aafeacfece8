import { EvaluationError } from "@marcbachmann/cel-js";
import { Duration } from "@marcbachmann/cel-js/evaluator";

const rfc3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/;

/**
 * A time as RFC 3339 writes it, to the millisecond.
 * @throws EvaluationError for anything else: `Date` alone would take `Sat Nov 21 2026`, and call 30 February 2 March.
 */
export function parseTimestamp(text: string): Date {
  const [, year, month, day, hour] = rfc3339.exec(text) ?? [];
  const time = new Date(text);
  const daysOfMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (
    hour === undefined ||
    Number.isNaN(time.getTime()) ||
    Number(day) > daysOfMonth ||
    hour === "24" ||
    year === "0000"
  )
    throw new EvaluationError("invalid timestamp: RFC 3339 is what is read");
  return time;
}

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Anchored at each piece, and no two ways to read one: the engine's own pattern takes cubic time. */
const piece = /([0-9]{1,19})?(?:\.([0-9]{0,19}))?(ns|us|µs|μs|ms|s|m|h)/y;
const maxLength = 256;

/**
 * A duration as Go writes it: `1h30m`, `-1.5s`.
 * @throws EvaluationError for anything else, and beyond the 64 bits of nanoseconds that Go has.
 */
export function parseDuration(text: string): Duration {
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text;
  const nanos = unsigned === "0" ? 0n : sumOfPieces(unsigned);
  if (nanos >= 2n ** 63n) throw new EvaluationError("invalid duration: out of range");
  return durationOf(text.startsWith("-") ? -nanos : nanos);
}

function sumOfPieces(text: string): bigint {
  let nanos = 0n;
  let position = 0;
  do {
    piece.lastIndex = position;
    const [, whole = "", fraction = "", unit] = text.length <= maxLength ? (piece.exec(text) ?? []) : [];
    if (unit === undefined || whole + fraction === "") throw new EvaluationError("invalid duration");
    nanos += nanosOf(whole || "0", fraction, unitNanos[unit] as bigint);
    position = piece.lastIndex;
  } while (position < text.length);
  return nanos;
}

function nanosOf(whole: string, fraction: string, unit: bigint): bigint {
  return BigInt(whole) * unit + (BigInt(fraction || "0") * unit) / 10n ** BigInt(fraction.length);
}

export function durationOf(nanos: bigint): Duration {
  return new Duration(nanos / 1_000_000_000n, Number(nanos % 1_000_000_000n));
}
