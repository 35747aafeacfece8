import { CountersignError } from "../errors.ts";
import type { RestClient } from "./rest-client.ts";

/** An event holds one object: of 3 MiB at most as it was sent to the API server, and escaped by it. */
const defaultMaxLineBytes = 8 * 1024 * 1024;

/** The server ends a watch after `timeoutSeconds`; one that did not is over, too. */
const defaultGraceMs = 30_000;

/** What a watch said cannot be understood, and would be said again: only a list helps. */
export class UndecodableEvent extends CountersignError {
  constructor(path: string, why: string, options?: ErrorOptions) {
    super("ERR_TRANSPORT", `watch of ${path}: ${why}`, options);
  }
}

/** One line of a watch. `object` is a Status for ERROR; for BOOKMARK it has a resourceVersion and nothing else. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: object;
}

export interface WatchRequest {
  /** Of a collection. */
  readonly path: string;
  /** Selectors, as the list had them. */
  readonly selection?: Readonly<Record<string, string>> | undefined;
  /** Changes after this version. */
  readonly resourceVersion: string;
  /** When the server is to end the watch. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** How long to wait for the answer to begin. Default: the client's. */
  readonly timeoutMs?: number;
  /** Default 8 MiB. */
  readonly maxLineBytes?: number;
  /** How much longer than `timeoutSeconds` is listened. Default 30 s. */
  readonly graceMs?: number;
}

/**
 * Opens a watch, with bookmarks where the server has them. What is left of a line when the stream ends is dropped: its
 * event comes again after the last version that was seen.
 * @throws as `RestClient.stream`; reading throws {@link UndecodableEvent} for a line that is no event or too long.
 */
export async function openWatch(
  client: Pick<RestClient, "stream">,
  request: WatchRequest,
): Promise<AsyncIterable<WatchEvent>> {
  const { path, resourceVersion, timeoutSeconds, timeoutMs, graceMs = defaultGraceMs } = request;
  const overdue = AbortSignal.timeout(timeoutSeconds * 1000 + graceMs);
  const explain = (error: unknown): unknown =>
    error === overdue.reason
      ? new CountersignError("ERR_TRANSPORT_TIMEOUT", `watch of ${path}: it did not end when it was to`)
      : error;
  const query = {
    ...request.selection,
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
  };
  const signal = AbortSignal.any([request.signal, overdue]);
  const timeout = timeoutMs === undefined ? {} : { timeoutMs };
  const body = await client.stream({ path, query, signal, ...timeout }).catch((error: unknown) => {
    throw explain(error);
  });
  return decodeEvents(explained(body, explain), path, request.maxLineBytes ?? defaultMaxLineBytes);
}

async function* explained(
  body: AsyncIterable<Buffer>,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw explain(error);
  }
}

async function* decodeEvents(
  body: AsyncIterable<Buffer>,
  path: string,
  maxLineBytes: number,
): AsyncGenerator<WatchEvent> {
  for await (const line of splitLines(body, path, maxLineBytes))
    if (line !== "") yield decodeEvent(line, path);
}

async function* splitLines(
  body: AsyncIterable<Buffer>,
  path: string,
  maxLineBytes: number,
): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, end));
      yield Buffer.concat(parts).toString("utf8").trim();
      parts = [];
      length = 0;
      from = end + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > maxLineBytes)
      throw new UndecodableEvent(path, `a line is longer than ${maxLineBytes} bytes`);
  }
}

const newline = 0x0a;
const types = new Set<unknown>(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]);

function decodeEvent(line: string, path: string): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    // without cause: the parser's message quotes the text
    throw new UndecodableEvent(path, "a line is not JSON");
  }
  if (isObject(event) && types.has(event.type) && isObject(event.object))
    return event as unknown as WatchEvent;
  throw new UndecodableEvent(path, "a line is not a watch event");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
