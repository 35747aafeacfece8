import { EvaluationError } from "@marcbachmann/cel-js";
import type { Duration } from "@marcbachmann/cel-js/evaluator";
import { type CelFunction, type CelLibrary, celFunction } from "./cel-function.ts";

interface Fields {
  readonly year: number;
  /** From zero, as all but `getDate`. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** What each accessor reads of a timestamp, in UTC or a named or fixed time zone. */
const accessors: Readonly<Record<string, (fields: Fields, time: Date) => number>> = {
  getFullYear: ({ year }) => year,
  getMonth: ({ month }) => month,
  getDate: ({ day }) => day,
  getDayOfMonth: ({ day }) => day - 1,
  getDayOfWeek: (fields) => new Date(midnight(fields)).getUTCDay(),
  getDayOfYear: (fields) => (midnight(fields) - midnight({ ...fields, month: 0, day: 1 })) / 86_400_000,
  getHours: ({ hour }) => hour,
  getMinutes: ({ minute }) => minute,
  getSeconds: ({ second }) => second,
  getMilliseconds: (_fields, time) => time.getUTCMilliseconds(),
};

/** A formatter of a named zone takes some 100 µs to make, measured. */
const zoneCost = 1000;

/** Accessors of timestamps and durations. */
export const timeLibrary: CelLibrary = {
  functions: [
    ...Object.entries(accessors).flatMap(([name, read]): CelFunction[] => [
      celFunction(`google.protobuf.Timestamp.${name}(): int`, (time: Date) =>
        BigInt(read(fieldsOf(time, 0), time)),
      ),
      celFunction(
        `google.protobuf.Timestamp.${name}(string): int`,
        (time: Date, zone: string) => BigInt(read(fieldsIn(time, zone), time)),
        () => zoneCost,
      ),
    ]),
    celFunction("google.protobuf.Duration.getHours(): int", (duration: Duration) => duration.seconds / 3600n),
    celFunction("google.protobuf.Duration.getMinutes(): int", (duration: Duration) => duration.seconds / 60n),
    celFunction("google.protobuf.Duration.getSeconds(): int", (duration: Duration) => duration.seconds),
    celFunction(
      "google.protobuf.Duration.getMilliseconds(): int",
      ({ seconds, nanos }: Duration) => seconds * 1000n + BigInt(Math.trunc(nanos / 1_000_000)),
    ),
  ],
};

function midnight({ year, month, day }: Fields): number {
  return new Date(0).setUTCFullYear(year, month, day);
}

function fieldsOf(time: Date, offsetMinutes: number): Fields {
  const shifted = new Date(time.getTime() + offsetMinutes * 60_000);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth(),
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    second: shifted.getUTCSeconds(),
  };
}

function fieldsIn(time: Date, zone: string): Fields {
  const [, sign, hours, minutes] = /^([+-]?)([0-9]{2}):([0-9]{2})$/.exec(zone) ?? [];
  if (hours !== undefined) {
    const offset = Number(hours) * 60 + Number(minutes);
    return fieldsOf(time, sign === "-" ? -offset : offset);
  }
  return namedZoneFields(time, zone);
}

function namedZoneFields(time: Date, timeZone: string): Fields {
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) as number;
    return {
      year: part("year"),
      month: part("month") - 1,
      day: part("day"),
      hour: part("hour"),
      minute: part("minute"),
      second: part("second"),
    };
  } catch (error) {
    throw new EvaluationError("unknown time zone", undefined, error);
  }
}
