import * as z from "zod/mini";
import { type Part, reporter } from "./distinct-entries.ts";
import { type Duration, durationPattern, parseDuration } from "./duration.ts";

interface Bounds {
  readonly least: string;
  readonly most?: string;
}

/** A length of time in which something has to be done: in less than `least` nothing ever would be. */
export function boundedDuration({ least, most }: Bounds) {
  const [leastMs, mostMs] = [msOf(least), most === undefined ? Number.POSITIVE_INFINITY : msOf(most)];
  const checkBounds = (part: Part<string>): void => {
    const ms = msOf(part.value);
    if (!(ms >= leastMs)) reporter(part)([], `must be at least ${least}: nothing is done in less`);
    else if (ms > mostMs) reporter(part)([], `must be at most ${most}`);
  };
  return z.pipe(
    z.string().check(
      z.regex(durationPattern, { abort: true }),
      checkBounds,
      // as much of it as a schema can say
      ...(leastMs > 0 ? [z.meta({ allOf: [{ pattern: notZero }] })] : []),
    ),
    z.transform((written): Duration => ({ ms: Math.round(msOf(written)) })),
  );
}

const notZero = "[1-9]";

function msOf(text: string): number {
  return parseDuration(text)?.ms ?? Number.NaN;
}

// timers count whole milliseconds, and go off at once beyond 24 days

/** How long an answer is waited for. */
export const timeout = boundedDuration({ least: "1ms", most: "24h" });

/** How long something may go on that need not. */
export const grace = boundedDuration({ least: "0s", most: "24h" });
