import type { ContainerLog, LogEntry } from "./container-log.ts";
import type { LogOptions } from "./log-options.ts";

/** Which part of a log, and from when on its clock. */
export interface LogReading extends LogOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whoever reads is gone. */
  readonly signal: AbortSignal;
}

/**
 * A log as the CRI client of kubelets reads it (k8s.io/cri-client pkg/logs): the tail is counted first, in lines of the
 * file, and what is older than `since` is left out of it then. Following ends with the container.
 */
export async function* readLog(log: ContainerLog, reading: LogReading): AsyncGenerator<Buffer> {
  const { follow, tailLines, limitBytes = Number.POSITIVE_INFINITY, signal } = reading;
  const earliest = earliestOf(reading);
  let remaining = limitBytes;
  let isNewLine = true;
  let next = tailLines === undefined ? 0 : Math.max(0, log.entries.length - tailLines);
  while (!signal.aborted) {
    for (const batch = log.entries.length; next < batch; next++) {
      const entry = log.entries[next]!;
      if (entry.writtenAt >= earliest) {
        const line = lineOf(entry, reading.timestamps && isNewLine).subarray(0, remaining);
        remaining -= line.length;
        yield line;
        if (remaining <= 0) return;
      }
      isNewLine = entry.text.endsWith("\n");
    }
    if (!follow || (log.ended && next === log.entries.length)) return;
    await log.more(next, signal);
  }
}

function earliestOf({ sinceSeconds, sinceTime, now }: LogReading): number {
  if (sinceSeconds !== undefined) return now - sinceSeconds * 1000;
  return sinceTime ?? Number.NEGATIVE_INFINITY;
}

function lineOf({ text, writtenAt }: LogEntry, withTimestamp: boolean): Buffer {
  return Buffer.from(withTimestamp ? `${formatNanoseconds(writtenAt)} ${text}` : text);
}

/** RFC 3339 with all nine digits, as Go's RFC3339NanoFixed. */
function formatNanoseconds(instant: number): string {
  return new Date(instant).toISOString().replace("Z", "000000Z");
}
