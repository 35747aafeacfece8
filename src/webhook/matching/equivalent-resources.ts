import type { JSONValue } from "../../admission/json-value.ts";
import type { GroupVersionKind, GroupVersionResource } from "../../apis/meta.ts";

/** One resource under another group or version. */
export interface EquivalentResource {
  readonly resource: GroupVersionResource;
  /** What an object of it is, for this subresource. */
  readonly kind: GroupVersionKind;
}

/**
 * What an API server that serves a resource in several groups or versions says of it, for `matchPolicy: Equivalent`
 * (apiserver's `runtime.EquivalentResourceMapper` and object convertor in one).
 */
export interface EquivalentResources {
  /** All of them, the resource itself included, in the order in which they are tried; the same subresource of each. */
  equivalentsOf(resource: GroupVersionResource, subResource: string): readonly EquivalentResource[];
  /** The object as that kind. Called only with a kind that {@link equivalentsOf} named. */
  convert(object: JSONValue, kind: GroupVersionKind): JSONValue;
}
