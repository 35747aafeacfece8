import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemClock } from "../clock.ts";
import { diagnosticsChannel, type WatchMessage } from "../diagnostics.ts";
import { errorCodeOf } from "../errors.ts";
import { apiStatusError, apiStatusOf } from "./api-status.ts";
import { createBackOff } from "./back-off.ts";
import { isListedObject, type ListedObject, listPages } from "./list-pages.ts";
import type { RestClient } from "./rest-client.ts";
import { openWatch, UndecodableEvent, type WatchEvent } from "./watch-stream.ts";

/** client-go's: five to ten minutes, so that watches do not all end at once. */
const shortestWatchSeconds = 300;
/** client-go's wait for the head of an answer is longer than the 3 s an API server waits for a version to come. */
const headTimeoutMs = 30_000;
/** A watch that lived so long did its job. */
const settledMs = 5_000;

export interface ReflectorOptions<T> {
  readonly client: Pick<RestClient, "request" | "stream" | "server">;
  /** Of the collection. */
  readonly path: string;
  /** What telemetry calls it. */
  readonly resource: string;
  /** What is kept of an object, asked once for each version of it. Throws where it cannot be understood. */
  decode(object: ListedObject): T;
  /** Told after every change, the first list included. Must not throw. */
  onChange(): void;
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

interface Held<T> {
  readonly uid: string | undefined;
  readonly version: string | undefined;
  readonly value: T;
}

const channel = diagnosticsChannel("countersign:watch");

/**
 * Lists a collection and watches it from there, as client-go's reflector does: a watch that ends goes on from the last
 * version seen; one whose version is forgotten (410), or that says what cannot be understood, is followed by a list. What
 * was read last stays while nothing can be read. It begins at once, whether the API server is there or not, and keeps
 * the process alive until it is closed.
 */
export function createReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { client, path, resource, clock = systemClock, pause = pauseFor } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const backOff = createBackOff(clock);
  let held: ReadonlyMap<string, Held<T>> | undefined;
  let values: readonly T[] | undefined;
  let version: string | undefined;
  let failure: unknown;

  function publish(outcome: WatchMessage["outcome"], more: Partial<WatchMessage> = {}): void {
    channel.publish({ server: client.server, resource, outcome, ...more });
  }

  function keep(next: ReadonlyMap<string, Held<T>>): void {
    held = next;
    values = undefined;
    options.onChange();
  }

  function hold(object: ListedObject, last: Held<T> | undefined): Held<T> {
    const { uid, resourceVersion } = object.metadata;
    if (last !== undefined && uid !== undefined && last.uid === uid && last.version === resourceVersion)
      return last;
    try {
      return { uid, version: resourceVersion, value: options.decode(object) };
    } catch (cause) {
      throw new UndecodableEvent(path, cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  async function list(): Promise<string> {
    const { items, resourceVersion } = await listPages(client, path, signal);
    const next = new Map(items.map((item) => [keyOf(item), hold(item, held?.get(keyOf(item)))]));
    publish("listed", { objects: next.size });
    if (!sameEntries(held, next)) keep(next);
    return resourceVersion;
  }

  function take({ type, object }: WatchEvent): void {
    if (type === "ERROR") throw apiStatusError(`watch of ${path}`, 500, object);
    const next = resourceVersionOf(object);
    if (next === undefined) throw new UndecodableEvent(path, `a ${type} without a resourceVersion`);
    if (type !== "BOOKMARK") apply(type, object);
    version = next;
    backOff.reset();
  }

  function apply(type: "ADDED" | "MODIFIED" | "DELETED", object: object): void {
    if (!isListedObject(object)) throw new UndecodableEvent(path, `a ${type} of an object without a name`);
    const key = keyOf(object);
    const next = new Map(held);
    if (type === "DELETED") next.delete(key);
    else next.set(key, hold(object, held?.get(key)));
    if (!sameEntries(held, next)) keep(next);
  }

  /** Until the watch has ended. */
  async function follow(from: string): Promise<void> {
    const timeoutSeconds = Math.floor(shortestWatchSeconds * (1 + clock.random()));
    const request = { path, resourceVersion: from, timeoutSeconds, signal, timeoutMs: headTimeoutMs };
    const events = await openWatch(client, request);
    failure = undefined;
    publish("watching");
    const openedAt = clock.now();
    try {
      for await (const event of events) take(event);
    } finally {
      if (clock.now() - openedAt >= settledMs) backOff.reset();
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const resumed = version !== undefined;
      const startedAt = clock.now();
      try {
        version ??= await list();
        await follow(version);
        if (clock.now() - startedAt >= settledMs) continue;
      } catch (error) {
        if (signal.aborted) return;
        failure = error;
        publish("failed", { code: errorCodeOf(error), detail: describe(error) });
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
      if (held !== undefined) values ??= [...held.values()].map(({ value }) => value);
      return values;
    },
    get failure() {
      return failure;
    },
    close: () => closing.abort(),
  };
}

/** Whatever else happened to a watch, it can be taken up where it was. */
function needsList(error: unknown): boolean {
  const status = apiStatusOf(error);
  return error instanceof UndecodableEvent || (status !== undefined && status.code !== 429);
}

function keyOf({ metadata: { namespace = "", name } }: ListedObject): string {
  return `${namespace}/${name}`;
}

function sameEntries<T>(one: ReadonlyMap<string, T> | undefined, other: ReadonlyMap<string, T>): boolean {
  if (one === undefined || one.size !== other.size) return false;
  for (const [key, value] of other) if (one.get(key) !== value) return false;
  return true;
}

function resourceVersionOf(object: object): string | undefined {
  const { metadata } = object as { readonly metadata?: { readonly resourceVersion?: unknown } };
  const version = metadata?.resourceVersion;
  return typeof version === "string" && version !== "" ? version : undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}
