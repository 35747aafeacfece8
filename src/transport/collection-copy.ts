import type { ListedObject } from "./list-pages.ts";
import { UndecodableEvent } from "./watch-stream.ts";

export interface CollectionCopyOptions<T> {
  /** What errors call it. */
  readonly path: string;
  /** What is kept of an object, asked once for each version of it. Throws where it cannot be understood. */
  decode(object: ListedObject): T;
  /** Told after every change, the first list included. Must not throw. */
  onChange(): void;
}

/** What is known of a collection. All that is said of it anew and is not new, changes nothing. */
export interface CollectionCopy<T> {
  /** Undefined until there was a list. In no order. */
  readonly values: readonly T[] | undefined;
  /** @throws UndecodableEvent, as all of these do, and nothing has changed then. */
  replace(objects: readonly ListedObject[]): void;
  set(object: ListedObject): void;
  delete(object: ListedObject): void;
}

interface Held<T> {
  readonly uid: string | undefined;
  readonly version: string | undefined;
  readonly value: T;
}

export function createCollectionCopy<T>(options: CollectionCopyOptions<T>): CollectionCopy<T> {
  let held: ReadonlyMap<string, Held<T>> | undefined;
  let values: readonly T[] | undefined;

  function hold(object: ListedObject): Held<T> {
    const { uid, resourceVersion: version } = object.metadata;
    const last = held?.get(keyOf(object));
    if (last !== undefined && uid !== undefined && last.uid === uid && last.version === version) return last;
    try {
      return { uid, version, value: options.decode(object) };
    } catch (cause) {
      throw new UndecodableEvent(options.path, (cause as Error).message, { cause });
    }
  }

  function keep(next: ReadonlyMap<string, Held<T>>): void {
    if (held !== undefined && sameEntries(held, next)) return;
    held = next;
    values = undefined;
    options.onChange();
  }

  return {
    get values() {
      if (held !== undefined) values ??= [...held.values()].map(({ value }) => value);
      return values;
    },
    replace: (objects) => keep(new Map(objects.map((object) => [keyOf(object), hold(object)]))),
    set: (object) => keep(new Map(held).set(keyOf(object), hold(object))),
    delete(object) {
      const next = new Map(held);
      next.delete(keyOf(object));
      keep(next);
    },
  };
}

function keyOf({ metadata: { namespace = "", name } }: ListedObject): string {
  return `${namespace}/${name}`;
}

function sameEntries<T>(one: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>): boolean {
  if (one.size !== other.size) return false;
  for (const [key, value] of other) if (one.get(key) !== value) return false;
  return true;
}
