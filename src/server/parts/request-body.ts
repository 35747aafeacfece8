import type { IncomingMessage } from "node:http";
import { createDeadlineSet, type Deadline } from "./deadline-set.ts";

export interface CollectOptions {
  /** What is handed over of the body; the rest is read and dropped. */
  readonly keepBytes: number;
  /** A longer body is too large. */
  readonly limitBytes: number;
  /** For the whole body, from now. */
  readonly timeoutMs: number;
}

export interface CollectedBody {
  readonly bytes: Buffer;
  /** `late`: not sent in time. `aborted`: the peer went away. */
  readonly state: "complete" | "tooLarge" | "late" | "aborted";
}

/**
 * Beyond the limit this much more is read and dropped before the answer: a client that is still writing when the answer
 * comes and the connection closes loses it (tried with a Go client and 6 MiB: up to 21 of 60 answers).
 */
const droppedBytes = 1024 * 1024;

/** A timer for each body would cost 2 of a request's 80 µs; one looks after them all. */
const awaited = createDeadlineSet();

/**
 * Reads a request's body to its end, counting while it streams: `content-length` is a claim, and chunked bodies have
 * none. Never rejects. What is left unread when it resolves keeps on being dropped.
 */
export function collectBody(request: IncomingMessage, options: CollectOptions): Promise<CollectedBody> {
  const { keepBytes, limitBytes, timeoutMs } = options;
  if (request.destroyed) return Promise.resolve({ bytes: Buffer.alloc(0), state: "aborted" });
  return new Promise((resolve) => {
    const kept: Buffer[] = [];
    let total = 0;
    const settle = (state: CollectedBody["state"]): void => {
      awaited.delete(waiting);
      // a request that is complete emits nothing more
      if (state !== "complete") request.off("data", onData).off("end", onEnd).off("close", onClose).resume();
      const bytes = kept.length === 1 ? kept[0]! : Buffer.concat(kept);
      resolve({ bytes, state: state === "complete" && total > limitBytes ? "tooLarge" : state });
    };
    const onData = (chunk: Buffer): void => {
      const room = keepBytes - total;
      if (room > 0) kept.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      total += chunk.length;
      if (total > limitBytes + droppedBytes) settle("tooLarge");
    };
    const onEnd = (): void => settle("complete");
    const onClose = (): void => {
      if (!request.readableEnded) settle("aborted");
    };
    const waiting: Deadline = {
      until: performance.now() + timeoutMs,
      expire: () => settle(total > limitBytes ? "tooLarge" : "late"),
    };
    awaited.add(waiting);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

/** How long the peer of an unfinished request may go on sending after it was answered. */
const lingerMs = 1000;

/** Ends a connection whose request was answered before it was read to its end, but not before the answer can arrive. */
export function lingerThenClose({ complete, socket }: IncomingMessage): void {
  if (complete) return;
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
}
