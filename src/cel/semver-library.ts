import { EvaluationError } from "@marcbachmann/cel-js";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import { compareStrings } from "./cel-order.ts";
import { type CelObject, traversal } from "./cel-values.ts";

/** A version after semver.org 2.0.0; build metadata has no part in order or equality. */
class Semver implements CelObject {
  readonly numbers: readonly bigint[];
  readonly prerelease: readonly string[];
  constructor(numbers: readonly bigint[], prerelease: readonly string[]) {
    this.numbers = numbers;
    this.prerelease = prerelease;
  }
  equals(other: unknown): boolean {
    return other instanceof Semver && compareVersions(this, other) === 0;
  }
}

const type = "kubernetes.Semver";
const cost = (text: string): number => traversal(text);

/** Kubernetes' semver library at version 1. */
export const semverLibrary: CelLibrary = {
  types: [{ name: type, valueClass: Semver, fields: {} }],
  functions: [
    celFunction(`semver(string): ${type}`, parseSemver, cost),
    celFunction(`semver(string, bool): ${type}`, parseNormalized, cost),
    celFunction("isSemver(string): bool", (text: string) => isVersion(text, false), cost),
    celFunction("isSemver(string, bool): bool", isVersion, cost),
    celFunction(
      `${type}.isGreaterThan(${type}): bool`,
      (one: Semver, other: Semver) => compareVersions(one, other) > 0,
    ),
    celFunction(
      `${type}.isLessThan(${type}): bool`,
      (one: Semver, other: Semver) => compareVersions(one, other) < 0,
    ),
    celFunction(`${type}.compareTo(${type}): int`, (one: Semver, other: Semver) =>
      BigInt(compareVersions(one, other)),
    ),
    ...["major", "minor", "patch"].map((name, index) =>
      celFunction(`${type}.${name}(): int`, ({ numbers }: Semver) => BigInt.asIntN(64, numbers[index] ?? 0n)),
    ),
  ],
};

const number = /^(0|[1-9][0-9]{0,19})$/;
const identifier = /^[0-9A-Za-z-]+$/;

function parseSemver(text: string): Semver {
  const [, core = "", prerelease, build] = /^([0-9.]*)(?:-([^+]*))?(?:\+(.*))?$/s.exec(text) ?? [];
  const numbers = core.split(".");
  const before = prerelease?.split(".") ?? [];
  const valid =
    numbers.length === 3 &&
    numbers.every((one) => number.test(one) && BigInt(one) < 2n ** 64n) &&
    before.every((one) => identifier.test(one) && (number.test(one) || !/^[0-9]+$/.test(one))) &&
    (build?.split(".") ?? []).every((one) => identifier.test(one));
  if (!valid) throw new EvaluationError("not a semantic version");
  return new Semver(numbers.map(BigInt), before);
}

/** Takes a `v`, leading zeros and missing minor and patch numbers away, as upstream's normalisation. */
function parseNormalized(text: string, normalize: boolean): Semver {
  if (!normalize) return parseSemver(text);
  const [major = "", minor, ...rest] = text.replace(/^v/, "").split(".");
  const parts = [major, minor, rest.length === 0 ? undefined : rest.join(".")].filter(
    (one) => one !== undefined,
  );
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? ""))
    throw new EvaluationError("short version cannot contain PreRelease/Build meta data");
  const trimmed = parts.map((one) =>
    one.length > 1 ? one.replace(/^0+/, "").replace(/^(?![0-9])/, "0") : one,
  );
  return parseSemver([...trimmed, "0", "0"].slice(0, 3).join("."));
}

function isVersion(text: string, normalize: boolean): boolean {
  try {
    parseNormalized(text, normalize);
    return true;
  } catch {
    return false;
  }
}

function compareVersions(one: Semver, other: Semver): -1 | 0 | 1 {
  for (const [index, left] of one.numbers.entries()) {
    const right = other.numbers[index] as bigint;
    if (left !== right) return left < right ? -1 : 1;
  }
  // a version that is released comes after all that led to it
  if (one.prerelease.length === 0 || other.prerelease.length === 0)
    return sign(other.prerelease.length - one.prerelease.length);
  return comparePrereleases(one.prerelease, other.prerelease);
}

function comparePrereleases(one: readonly string[], other: readonly string[]): -1 | 0 | 1 {
  for (const [index, left] of one.entries()) {
    const right = other[index];
    if (right === undefined) return 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return one.length < other.length ? -1 : 0;
}

function compareIdentifiers(left: string, right: string): -1 | 0 | 1 {
  const [leftNumber, rightNumber] = [/^[0-9]+$/.test(left), /^[0-9]+$/.test(right)];
  if (leftNumber !== rightNumber) return leftNumber ? -1 : 1;
  return sign(
    leftNumber ? left.length - right.length || compareStrings(left, right) : compareStrings(left, right),
  );
}

function sign(value: number): -1 | 0 | 1 {
  return value < 0 ? -1 : value > 0 ? 1 : 0;
}
