import type { Readable } from "node:stream";

export interface BeginningOptions {
  /** Of more than that only the beginning is read. */
  readonly maxBytes: number;
  /** Default 10 000 (10 s). */
  readonly timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 10_000;

/**
 * As much of an answer as is told of it; the rest goes unread, and its connection with it. A kubelet that does not come to
 * an end is not waited for, and what it has said by then stands. Never rejects.
 */
export async function beginningOf(
  body: Readable,
  { maxBytes, timeoutMs = defaultTimeoutMs }: BeginningOptions,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => body.destroy(), timeoutMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxBytes) break;
    }
  } catch {
    // it broke off
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString("utf8");
}
