import type { JSONValue } from "../../admission/json-value.ts";
import type { GroupVersionKind, GroupVersionResource } from "../../apis/meta.ts";
import type { MaybePromise } from "../../maybe-promise.ts";

/** One resource under another group or version. */
export interface EquivalentResource {
  readonly resource: GroupVersionResource;
  /** What an object of it is, for this subresource. With an empty `kind` it is not known, which fails the request. */
  readonly kind: GroupVersionKind;
}

/**
 * What an API server that serves a resource in several groups or versions says of it, for `matchPolicy: Equivalent`
 * (apiserver's `runtime.EquivalentResourceMapper` and object convertor in one).
 */
export interface EquivalentResources {
  /** All of them, the resource itself included, in the order in which they are tried; the same subresource of each. */
  equivalentsOf(resource: GroupVersionResource, subResource: string): readonly EquivalentResource[];
  /**
   * The object as that kind, its apiVersion and kind set. Called only with a kind that {@link equivalentsOf} named. What it
   * throws fails the request.
   */
  convert(object: JSONValue, kind: GroupVersionKind): MaybePromise<JSONValue>;
}

/** Whether two resources, or two kinds, are the same in group, version and name. */
export function sameResource(one: GroupVersionResource, other: GroupVersionResource): boolean {
  return one.group === other.group && one.version === other.version && one.resource === other.resource;
}

export function sameKind(one: GroupVersionKind, other: GroupVersionKind): boolean {
  return one.group === other.group && one.version === other.version && one.kind === other.kind;
}
