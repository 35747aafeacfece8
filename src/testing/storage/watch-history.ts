import type { ApiObject } from "../objects/api-object.ts";
import type { ResourceKind } from "../objects/resource-kind.ts";

/** One change of the store. */
export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: ResourceKind;
  /** As stored; after a deletion as it was last, with the deletion's resource version. */
  readonly object: ApiObject;
  /** Absent for ADDED. */
  readonly previous?: ApiObject;
  readonly revision: number;
}

/** The latest changes, in order, and who waits for the next. */
export interface WatchHistory {
  append(event: StoreEvent): void;
  /** Every change after that revision; undefined where some of them have been forgotten. */
  since(revision: number): readonly StoreEvent[] | undefined;
  /** Calls for each change from now on, until what is returned is called. */
  subscribe(listener: (event: StoreEvent) => void): () => void;
  /** Forgets every change so far, as a compacted etcd does: older resource versions are answered 410. */
  compact(revision: number): void;
}

/** `capacity` is how many changes are remembered. */
export function createWatchHistory(capacity: number): WatchHistory {
  const listeners = new Set<(event: StoreEvent) => void>();
  let events: StoreEvent[] = [];
  let forgotten = 0;
  return {
    append(event) {
      events.push(event);
      if (events.length > capacity) forgotten = events.shift()!.revision;
      for (const listener of [...listeners]) listener(event);
    },
    since(revision) {
      return revision < forgotten ? undefined : events.filter((event) => event.revision > revision);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    compact(revision) {
      events = [];
      forgotten = revision;
    },
  };
}
