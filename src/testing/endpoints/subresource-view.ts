import { type ApiObject, defined, type JsonObject, objectAt } from "../objects/api-object.ts";
import type { SubresourceKind } from "../objects/resource-kind.ts";

/** How an object is read and written through one of its subresources, or as itself. */
export interface ObjectView {
  read(object: ApiObject): ApiObject;
  /** The object after `view` was written to it; what the view does not own stays as it was. */
  write(object: ApiObject, view: ApiObject): ApiObject;
}

/** The whole object, status excepted: that is written through its subresource. */
const whole: ObjectView = {
  read: (object) => object,
  write: (object, view) => defined({ ...view, status: object.status }) as ApiObject,
};

const entire: ObjectView = { read: (object) => object, write: (_, view) => view };

const status: ObjectView = {
  read: (object) => object,
  write: (object, view) => defined({ ...object, status: view.status }) as ApiObject,
};

const scale: ObjectView = {
  read(object) {
    const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
    const spec = objectAt(object, "spec");
    const replicas = objectAt(object, "status").replicas ?? 0;
    return {
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      metadata: defined({
        name,
        namespace,
        uid,
        resourceVersion,
        creationTimestamp,
      }) as ApiObject["metadata"],
      spec: { replicas: spec.replicas ?? 0 },
      status: { replicas, selector: selectorText(objectAt(spec, "selector")) },
    };
  },
  write(object, view) {
    const { replicas = 0 } = objectAt(view, "spec");
    return { ...object, spec: { ...objectAt(object, "spec"), replicas } };
  },
};

/** `hasStatus`: whether status is a subresource of its own, and so not written with the rest. */
export function viewOf(subresource: SubresourceKind | undefined, hasStatus: boolean): ObjectView {
  if (subresource === undefined) return hasStatus ? whole : entire;
  return subresource.name === "scale" ? scale : status;
}

function selectorText(selector: JsonObject): string {
  return Object.entries(objectAt(selector, "matchLabels"))
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
}
