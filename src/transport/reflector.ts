import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemClock } from "../clock.ts";
import { diagnosticsChannel, type WatchMessage } from "../diagnostics.ts";
import { errorCodeOf, errorMessageOf } from "../errors.ts";
import { apiStatusError, apiStatusOf } from "./api-status.ts";
import { createBackOff } from "./back-off.ts";
import { type CollectionCopy, type CollectionCopyOptions, createCollectionCopy } from "./collection-copy.ts";
import { isListedObject, listPages } from "./list-pages.ts";
import type { RestClient } from "./rest-client.ts";
import { openWatch, UndecodableEvent, type WatchEvent } from "./watch-stream.ts";

/** client-go's: five to ten minutes, so that watches do not all end at once. */
const shortestWatchSeconds = 300;
/** client-go's wait for the head of an answer is longer than the 3 s an API server waits for a version to come. */
const headTimeoutMs = 30_000;
/** A watch that lived so long did its job. */
const settledMs = 5_000;

export interface ReflectorOptions<T> extends CollectionCopyOptions<T> {
  readonly client: Pick<RestClient, "request" | "stream" | "server">;
  /** What telemetry calls the collection of `path`. */
  readonly resource: string;
  /** Only the object of this name: what a grant by `resourceNames` allows. Default: all. */
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  /** Default: a timer. */
  readonly pause?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** A copy of a collection, kept as the API server's is. */
export interface Reflector<T> {
  /** Undefined until it has been listed. In no order. */
  readonly values: readonly T[] | undefined;
  /** Why the last attempt failed; undefined since one succeeded. */
  readonly failure: unknown;
  close(): void;
}

const channel = diagnosticsChannel("countersign:watch");

/**
 * Lists a collection and watches it from there, as client-go's reflector does: a watch that ends goes on from the last
 * version seen; one whose version is forgotten (410), or that says what cannot be understood, is followed by a list. What
 * was read last stays while nothing can be read. It begins at once, whether the API server is there or not, and keeps
 * the process alive until it is closed.
 */
export function createReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { clock = systemClock, pause = pauseFor } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const backOff = createBackOff(clock);
  const copy = createCollectionCopy(options);
  let version: string | undefined;
  let failure: unknown;

  /** One watch, from its opening to its end. */
  async function follow(from: string): Promise<void> {
    const events = await openFrom(from, options, signal);
    failure = undefined;
    const openedAt = clock.now();
    try {
      for await (const event of events) {
        version = take(event, copy, options.path);
        backOff.reset();
      }
    } finally {
      if (clock.now() - openedAt >= settledMs) backOff.reset();
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const resumed = version !== undefined;
      const startedAt = clock.now();
      try {
        version ??= await list(options, copy, signal);
        await follow(version);
        if (clock.now() - startedAt >= settledMs) continue;
      } catch (error) {
        if (signal.aborted) return;
        failure = error;
        publish(options, "failed", { code: errorCodeOf(error), detail: errorMessageOf(error) });
        if (needsList(error)) version = undefined;
        // a list that is forgotten at once is not asked for again at once
        if (resumed && apiStatusOf(error)?.code === 410) continue;
      }
      await pause(backOff.nextMs(), signal);
    }
  }

  void run();
  return {
    get values() {
      return copy.values;
    },
    get failure() {
      return failure;
    },
    close: () => closing.abort(),
  };
}

type Subject = Pick<ReflectorOptions<unknown>, "client" | "path" | "resource" | "name" | "clock">;

function publish(
  { client, resource }: Subject,
  outcome: WatchMessage["outcome"],
  more: Partial<WatchMessage> = {},
): void {
  channel.publish({ server: client.server, resource, outcome, ...more });
}

/** The version that the list is of. */
async function list(subject: Subject, copy: CollectionCopy<unknown>, signal: AbortSignal): Promise<string> {
  const { items, resourceVersion } = await listPages(
    subject.client,
    subject.path,
    signal,
    selectionOf(subject),
  );
  copy.replace(items);
  publish(subject, "listed", { objects: items.length });
  return resourceVersion;
}

function selectionOf({ name }: Subject): Readonly<Record<string, string>> {
  return name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
}

async function openFrom(
  resourceVersion: string,
  subject: Subject,
  signal: AbortSignal,
): Promise<AsyncIterable<WatchEvent>> {
  const { client, path, clock = systemClock } = subject;
  const timeoutSeconds = Math.floor(shortestWatchSeconds * (1 + clock.random()));
  const selection = selectionOf(subject);
  const request = { path, selection, resourceVersion, timeoutSeconds, signal, timeoutMs: headTimeoutMs };
  const events = await openWatch(client, request);
  publish(subject, "watching");
  return events;
}

/** Takes in what an event says. The version that the collection then is of. */
function take({ type, object }: WatchEvent, copy: CollectionCopy<unknown>, path: string): string {
  if (type === "ERROR") throw apiStatusError(`watch of ${path}`, 500, object);
  const version = resourceVersionOf(object);
  if (version === undefined) throw new UndecodableEvent(path, `a ${type} without a resourceVersion`);
  if (type === "BOOKMARK") return version;
  if (!isListedObject(object)) throw new UndecodableEvent(path, `a ${type} of an object without a name`);
  if (type === "DELETED") copy.delete(object);
  else copy.set(object);
  return version;
}

/** Whatever else happened to a watch, it can be taken up where it was. */
function needsList(error: unknown): boolean {
  const status = apiStatusOf(error);
  return error instanceof UndecodableEvent || (status !== undefined && status.code !== 429);
}

function resourceVersionOf(object: object): string | undefined {
  const { metadata } = object as { readonly metadata?: { readonly resourceVersion?: unknown } };
  const version = metadata?.resourceVersion;
  return typeof version === "string" && version !== "" ? version : undefined;
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}
