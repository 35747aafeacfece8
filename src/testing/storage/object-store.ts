import { type ApiObject, withMetadata } from "../objects/api-object.ts";
import type { ResourceKind } from "../objects/resource-kind.ts";
import { alreadyExists, conflict, notFound } from "../status/status-error.ts";
import { createWatchHistory, type StoreEvent, type WatchHistory } from "./watch-history.ts";

/** The objects of a control plane and their resource versions: what etcd is to kube-apiserver. */
export interface ObjectStore {
  readonly history: WatchHistory;
  /** The resource version of the latest change. */
  revision(): number;
  get(kind: ResourceKind, namespace: string, name: string): ApiObject | undefined;
  /** @throws 404 */
  require(kind: ResourceKind, namespace: string, name: string): ApiObject;
  /** All of a namespace, or of all where it is empty, by namespace and name. */
  list(kind: ResourceKind, namespace: string): readonly ApiObject[];
  /** The same as it was at that revision; undefined where it has been forgotten. */
  listAt(kind: ResourceKind, namespace: string, revision: number): readonly ApiObject[] | undefined;
  /** @throws 409 AlreadyExists */
  create(kind: ResourceKind, object: ApiObject): ApiObject;
  /** Replaces what has that resource version. @throws 409 Conflict where it has another by now, 404. */
  replace(kind: ResourceKind, object: ApiObject, resourceVersion: string | undefined): ApiObject;
  /** @throws 404 */
  remove(kind: ResourceKind, namespace: string, name: string): ApiObject;
}

export interface ObjectStoreOptions {
  /** How many changes a watch can go back. Default 1000. */
  readonly historyCapacity?: number;
}

/** kube-apiserver's words for a resource version that is not the latest. */
export const staleObject =
  "the object has been modified; please apply your changes to the latest version and try again";

export function createObjectStore(options: ObjectStoreOptions = {}): ObjectStore {
  const tables = new Map<string, Map<string, ApiObject>>();
  const history = createWatchHistory(options.historyCapacity ?? 1000);
  let revision = 1;

  const table = (kind: ResourceKind): Map<string, ApiObject> => {
    const key = `${kind.group}/${kind.resource}`;
    const found = tables.get(key) ?? new Map<string, ApiObject>();
    tables.set(key, found);
    return found;
  };
  const record = (
    type: StoreEvent["type"],
    kind: ResourceKind,
    object: ApiObject,
    previous?: ApiObject,
  ): ApiObject => {
    revision += 1;
    const stored = withMetadata(object, { resourceVersion: String(revision) });
    const key = keyOf(object);
    if (type === "DELETED") table(kind).delete(key);
    else table(kind).set(key, stored);
    history.append({ type, kind, object: stored, revision, ...(previous === undefined ? {} : { previous }) });
    return stored;
  };
  const get = (kind: ResourceKind, namespace: string, name: string): ApiObject | undefined =>
    table(kind).get(`${kind.namespaced ? namespace : ""}/${name}`);
  const require = (kind: ResourceKind, namespace: string, name: string): ApiObject => {
    const found = get(kind, namespace, name);
    if (found === undefined) throw notFound(kind, name);
    return found;
  };

  return {
    history,
    revision: () => revision,
    get,
    require,
    list: (kind, namespace) => sorted(within(table(kind).values(), namespace)),
    listAt(kind, namespace, at) {
      const later = history.since(at);
      return later && sorted(within(undo(table(kind), kind, later).values(), namespace));
    },
    create(kind, object) {
      const { namespace = "", name } = object.metadata;
      if (get(kind, namespace, name) !== undefined) throw alreadyExists(kind, name);
      return record("ADDED", kind, object);
    },
    replace(kind, object, resourceVersion) {
      const { namespace = "", name } = object.metadata;
      const previous = require(kind, namespace, name);
      if (previous.metadata.resourceVersion !== resourceVersion) throw conflict(kind, name, staleObject);
      return record("MODIFIED", kind, object, previous);
    },
    remove(kind, namespace, name) {
      const previous = require(kind, namespace, name);
      return record("DELETED", kind, previous, previous);
    },
  };
}

function keyOf({ metadata: { namespace = "", name } }: ApiObject): string {
  return `${namespace}/${name}`;
}

function within(objects: Iterable<ApiObject>, namespace: string): ApiObject[] {
  return [...objects].filter((object) => namespace === "" || object.metadata.namespace === namespace);
}

function sorted(objects: readonly ApiObject[]): ApiObject[] {
  return objects
    .map((object) => [keyOf(object), object] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, object]) => object);
}

/** The table as it was before those events, which are all there were since. */
function undo(
  table: ReadonlyMap<string, ApiObject>,
  kind: ResourceKind,
  events: readonly StoreEvent[],
): Map<string, ApiObject> {
  const before = new Map(table);
  for (const event of events.toReversed()) {
    if (event.kind !== kind) continue;
    if (event.previous === undefined) before.delete(keyOf(event.object));
    else before.set(keyOf(event.object), event.previous);
  }
  return before;
}
