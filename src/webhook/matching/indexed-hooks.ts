import type {
  Operation,
  RuleWithOperations,
  Webhook,
  WebhookConfiguration,
  WebhookConfigurationKind,
} from "../../apis/admissionregistration.ts";

/** One webhook of a configuration: the same object as long as the configuration is. */
export interface Hook {
  readonly kind: WebhookConfigurationKind;
  readonly configuration: { readonly name: string; readonly uid: string };
  readonly webhook: Webhook;
}

/** A webhook in its place among all of its kind. */
export interface IndexedHook {
  readonly hook: Hook;
  readonly index: number;
  /** From a manifest directory, not from the API. */
  readonly fixed: boolean;
}

interface GroupAndResource {
  readonly group: string;
  readonly resource: string;
}

/** Finds among many webhooks those whose rules can fit a request: at the cost of these, not of all there are. */
export interface HookIndex {
  /**
   * Webhooks with a rule for this operation and for the group and resource of one of `resources`, in the order they are
   * called: those of manifests first, then configurations by name, webhooks as listed. Version, subresource and scope
   * are left to the matching of rules.
   */
  candidates(operation: Operation, resources: readonly GroupAndResource[]): readonly IndexedHook[];
}

/** The configurations there are, by origin. */
export interface ConfigurationLists {
  readonly fixed: readonly WebhookConfiguration[];
  readonly configurations: readonly WebhookConfiguration[];
}

/**
 * The index of the webhooks of one kind. It is built again when a list holds another configuration than before, be it in
 * the same array: comparing a thousand of them takes a microsecond, building takes milliseconds.
 */
export function createHookIndexes(kind: WebhookConfigurationKind): (lists: ConfigurationLists) => HookIndex {
  const hooksOf = createHookLists(kind);
  let known: ConfigurationLists = { fixed: [], configurations: [] };
  let index = buildIndex([]);
  return ({ fixed, configurations }) => {
    if (sameItems(known.fixed, fixed) && sameItems(known.configurations, configurations)) return index;
    const places = [
      ...ordered(fixed, kind).flatMap((one) => hooksOf(one).map((hook) => ({ hook, fixed: true }))),
      ...ordered(configurations, kind).flatMap((one) => hooksOf(one).map((hook) => ({ hook, fixed: false }))),
    ];
    index = buildIndex(places.map((place, position) => ({ ...place, index: position })));
    known = { fixed: [...fixed], configurations: [...configurations] };
    return index;
  };
}

function sameItems(known: readonly unknown[], items: readonly unknown[]): boolean {
  if (known.length !== items.length) return false;
  for (let position = 0; position < items.length; position++)
    if (known[position] !== items[position]) return false;
  return true;
}

function createHookLists(
  kind: WebhookConfigurationKind,
): (configuration: WebhookConfiguration) => readonly Hook[] {
  const known = new WeakMap<WebhookConfiguration, readonly Hook[]>();
  return (configuration) => {
    const found = known.get(configuration);
    if (found !== undefined) return found;
    const { name = "", uid = "" } = configuration.metadata;
    const hooks = (configuration.webhooks ?? []).map((webhook) => ({
      kind,
      configuration: { name, uid },
      webhook,
    }));
    known.set(configuration, hooks);
    return hooks;
  };
}

function ordered(
  configurations: readonly WebhookConfiguration[],
  kind: WebhookConfigurationKind,
): WebhookConfiguration[] {
  return configurations
    .filter((configuration) => configuration.kind === kind)
    .sort((one, other) => compare(one.metadata.name ?? "", other.metadata.name ?? ""));
}

/** Byte order, as Go compares strings. */
function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** Four operations on five hundred resources: a cluster with many custom ones. */
const maxRemembered = 2_000;

function buildIndex(hooks: readonly IndexedHook[]): HookIndex {
  const buckets = new Map<string, IndexedHook[]>();
  for (const hook of hooks)
    for (const key of new Set((hook.hook.webhook.rules ?? []).flatMap(keysOf))) {
      const bucket = buckets.get(key);
      if (bucket === undefined) buckets.set(key, [hook]);
      else bucket.push(hook);
    }
  const find = (operation: Operation, resources: readonly GroupAndResource[]): readonly IndexedHook[] => {
    const found: (readonly IndexedHook[])[] = [];
    for (const key of requestKeys(operation, resources)) {
      const bucket = buckets.get(key);
      if (bucket !== undefined) found.push(bucket);
    }
    return merged(found);
  };
  const remembered = new Map<string, readonly IndexedHook[]>();
  return {
    candidates(operation, resources) {
      const key = resources.map(({ group, resource }) => keyOf(operation, group, resource)).join();
      let found = remembered.get(key);
      if (found === undefined) {
        if (remembered.size === maxRemembered) remembered.clear();
        found = find(operation, resources);
        remembered.set(key, found);
      }
      return found;
    },
  };
}

function merged(buckets: readonly (readonly IndexedHook[])[]): readonly IndexedHook[] {
  if (buckets.length < 2) return buckets[0] ?? [];
  return [...new Set(buckets.flat())].sort((one, other) => one.index - other.index);
}

function keysOf({ operations, apiGroups, resources }: RuleWithOperations): string[] {
  const mains = resources.map((pattern) => pattern.split("/", 1)[0]!);
  return operations.flatMap((operation) =>
    apiGroups.flatMap((group) => mains.map((main) => keyOf(operation, group, main))),
  );
}

/** Every way in which a rule can name one of these, wildcards included. */
function requestKeys(operation: Operation, resources: readonly GroupAndResource[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { group, resource } of resources)
    for (const anyOperation of [operation, "*"])
      for (const anyGroup of [group, "*"])
        for (const anyResource of [resource, "*"]) keys.add(keyOf(anyOperation, anyGroup, anyResource));
  return keys;
}

/** None of the three holds a slash. */
function keyOf(operation: string, group: string, resource: string): string {
  return `${operation}/${group}/${resource}`;
}
