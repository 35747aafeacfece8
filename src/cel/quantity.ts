import { EvaluationError } from "@marcbachmann/cel-js";
import type { CelObject } from "./cel-values.ts";

/** An exact Kubernetes quantity (k8s.io/apimachinery pkg/api/resource): a whole number of billionths. */
export class Quantity implements CelObject {
  readonly nanos: bigint;
  /** Written without a fraction, not even of zeros, in digits that upstream counts in 64 bits: only such are integers there. */
  readonly integral: boolean;
  constructor(nanos: bigint, integral: boolean) {
    this.nanos = nanos;
    this.integral = integral;
  }
  equals(other: unknown): boolean {
    return other instanceof Quantity && other.nanos === this.nanos;
  }
}

export const nanosPerOne = 1_000_000_000n;

/** Upstream reads as many digits into 64 bits. */
const maxDigits = 18;

/** Larger ones of more digits count as this one, as upstream. */
const maxNanos = (2n ** 63n - 1n) * nanosPerOne;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binarySuffixes = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

const syntax = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?[0-9]{1,9}))$/;

/**
 * Reads a quantity. What is finer than a billionth is rounded away from zero.
 * @throws EvaluationError where the text is none.
 */
export function parseQuantity(text: string): Quantity {
  const [, sign, whole = "", fraction = "", suffix = "", exponent] = syntax.exec(text) ?? [];
  if (sign === undefined || whole + fraction === "")
    throw new EvaluationError("quantities must match the regular expression for Kubernetes quantities");
  const binary = binarySuffixes.indexOf(suffix);
  const factor = binary === -1 ? 1n : 1024n ** BigInt(binary + 1);
  const power = exponent === undefined ? (decimalExponents[suffix] ?? 0) : Number(exponent);
  const nanos = scaled(BigInt(whole + fraction || "0") * factor, power + 9 - fraction.length);
  const plain = whole.length + fraction.length <= maxDigits;
  const capped = nanos > maxNanos && (!plain || binary !== -1) ? maxNanos : nanos;
  const integral = plain && (binary === -1 ? power >= fraction.length : fraction === "");
  return new Quantity(sign === "-" ? -capped : capped, integral);
}

/** amount × 10^power without making numbers of more digits than matter. */
function scaled(amount: bigint, power: number): bigint {
  if (amount === 0n) return 0n;
  if (power >= 0) return power > 40 ? maxNanos : amount * 10n ** BigInt(power);
  // fewer digits than are cut off: some part of a billionth
  if (-power > amount.toString().length) return 1n;
  const divisor = 10n ** BigInt(-power);
  return amount / divisor + (amount % divisor === 0n ? 0n : 1n);
}
