import { type AnswerStatusError, badRequest } from "../apis/answer-status.ts";
import { formatTime } from "../apis/time.ts";

/** RFC 3339 as Go's time.Parse takes it apart, element by element. */
const elements: readonly (readonly [element: string, pattern: RegExp])[] = [
  ["2006", /^\d{4}/],
  ["-", /^-/],
  ["01", /^\d{2}/],
  ["-", /^-/],
  ["02", /^\d{2}/],
  ["T", /^T/],
  ["15", /^\d{1,2}/],
  [":", /^:/],
  ["04", /^\d{2}/],
  [":", /^:/],
  ["05", /^\d{2}(?:[.,]\d+)?/],
  ["Z07:00", /^(?:Z|[+-]\d{2}:\d{2})/],
];
const layout = "2006-01-02T15:04:05Z07:00";
const goZeroTime = "0001-01-01T00:00:00Z";

/**
 * An instant of a query as apimachinery's Time reads it, to the second and in UTC. Nothing and `null` are Go's zero time,
 * as there.
 * @throws AnswerStatusError: ERR_REQUEST_INVALID (400) in Go's words.
 */
export function parseQueryTime(text: string): string {
  if (text === "" || text === "null") return goZeroTime;
  const parts: string[] = [];
  let rest = text;
  for (const [element, pattern] of elements) {
    const [part] = pattern.exec(rest) ?? [];
    if (part === undefined)
      throw invalid(text, ` as "${layout}": cannot parse ${JSON.stringify(rest)} as "${element}"`);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  if (rest !== "") throw invalid(text, `: extra text: ${JSON.stringify(rest)}`);
  const [year, , month, , day, , hour, , minute, , second, zone] = parts as [string, ...string[]];
  const fault = outOfRange(
    [Number(year), Number(month), Number(day)],
    [hour!, minute!, second!.slice(0, 2)],
    zone!,
  );
  if (fault !== undefined) throw invalid(text, `: ${fault} out of range`);
  const local = Date.parse(
    `${year}-${month}-${day}T${hour!.padStart(2, "0")}:${minute}:${second!.slice(0, 2)}Z`,
  );
  return formatTime(local - offsetMs(zone!));
}

function offsetMs(zone: string): number {
  if (zone === "Z") return 0;
  const [hours, minutes] = zone.slice(1).split(":").map(Number) as [number, number];
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function outOfRange(
  [year, month, day]: readonly [number, number, number],
  time: readonly string[],
  zone: string,
): string | undefined {
  const [hour, minute, second] = time.map(Number) as [number, number, number];
  const [zoneHour, zoneMinute] = zone === "Z" ? [0, 0] : zone.slice(1).split(":").map(Number);
  if (month < 1 || month > 12) return "month";
  if (hour > 23) return "hour";
  if (minute > 59) return "minute";
  if (second > 59) return "second";
  if (zoneHour! > 24) return "time zone offset hour";
  if (zoneMinute! > 60) return "time zone offset minute";
  // the day before the first of the next month; setUTCFullYear because Date.UTC takes the year 50 for 1950
  const last = new Date(0);
  last.setUTCFullYear(year, month, 0);
  return day < 1 || day > last.getUTCDate() ? "day" : undefined;
}

function invalid(text: string, why: string): AnswerStatusError {
  return badRequest(`parsing time ${JSON.stringify(text)}${why}`);
}
