import { parseDuration } from "../../configuration/duration.ts";

export interface DeadlineOptions {
  /** The most a review may take. */
  readonly deadlineMs: number;
  /** What is kept of the caller's time for the answer's way back. */
  readonly deadlineMarginMs: number;
}

/**
 * How long this review may take: the time-out its caller announced (`?timeout=10s`, as API servers write it) less a
 * margin, of which a short time-out loses at most half, and never more than the route allows.
 */
export function reviewTimeoutMs(url: string, options: DeadlineOptions): number {
  const { deadlineMs, deadlineMarginMs } = options;
  const announcedMs = announcedTimeoutMs(url);
  if (announcedMs === undefined || announcedMs === 0) return deadlineMs;
  return Math.min(deadlineMs, announcedMs - Math.min(deadlineMarginMs, announcedMs / 2));
}

function announcedTimeoutMs(url: string): number | undefined {
  const match = /[?&]timeout=(?:(\d{1,4})s|([^&#]*))(?:[&#]|$)/.exec(url);
  if (match === null) return undefined;
  // whole seconds are what API servers send, and 2 of a request's 80 µs is what the general form costs
  const [, seconds, other = ""] = match;
  return seconds === undefined ? parseDuration(other)?.ms : Number(seconds) * 1000;
}
