import NodeCache from "node-cache";
import { type Clock, systemClock } from "../clock.ts";
import { createUseOrder, type Place } from "./use-order.ts";

/** A bounded map whose entries end at an instant of their own. */
export interface ExpiringCache<V> {
  /** The value, or undefined where there is none or its instant has come. */
  get(key: string): V | undefined;
  /** Keeps the value until `expiresAt` (epoch ms, exclusive). One that has expired already is not kept. */
  set(key: string, value: V, expiresAt: number): void;
  delete(key: string): void;
  /** Entries held, among them some that have expired and were not swept yet. */
  readonly size: number;
  /** Drops everything and stops the sweep. */
  close(): void;
}

export interface ExpiringCacheOptions {
  /** From here on every new entry costs another one its place. */
  readonly maxEntries: number;
  /** Whose place it costs. Default `oldest`: looking up is then a read and nothing else. */
  readonly evict?: "oldest" | "leastRecentlyUsed";
  readonly clock?: Clock;
}

interface Entry<V> {
  readonly value: V;
  readonly expiresAt: number;
  readonly place: Place;
}

const sweepSeconds = 60;

/**
 * A cache over node-cache without its surprises: a full cache evicts an entry instead of throwing, values are
 * not cloned, expiry is exact to the millisecond, and any string is a key. It never fails the work it serves.
 */
export function createExpiringCache<V>(options: ExpiringCacheOptions): ExpiringCache<V> {
  const { maxEntries, evict = "oldest", clock = systemClock } = options;
  const store = new NodeCache({ useClones: false, stdTTL: 0, checkperiod: sweepSeconds });
  // node-cache keeps entries on a plain object, where `constructor` and `__proto__` are found though nobody set them
  store.data = Object.create(null);
  const order = createUseOrder();
  store.on("del", (_key: string, { place }: Entry<V>) => order.remove(place));

  return {
    get(key) {
      const entry = store.get<Entry<V>>(key);
      if (entry === undefined || entry.expiresAt <= clock.now()) return undefined;
      if (evict === "leastRecentlyUsed") order.use(entry.place);
      return entry.value;
    },
    set(key, value, expiresAt) {
      const lifetimeMs = expiresAt - clock.now();
      if (!(lifetimeMs > 0) || maxEntries < 1) {
        store.del(key);
        return;
      }
      const held = store.get<Entry<V>>(key);
      if (held === undefined && order.size >= maxEntries) store.del(order.first()!);
      const place = held?.place ?? order.add(key);
      store.set<Entry<V>>(key, { value, expiresAt, place }, lifetimeMs / 1000);
    },
    delete(key) {
      store.del(key);
    },
    get size() {
      return order.size;
    },
    close() {
      store.close();
      store.data = Object.create(null);
      order.clear();
    },
  };
}
