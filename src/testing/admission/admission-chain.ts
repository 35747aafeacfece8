import type { ResourceRegistry } from "../objects/resource-kind.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { AdmissionAttributes, AdmissionChain } from "./admission-attributes.ts";
import { assertNamespaceLifecycle } from "./namespace-lifecycle.ts";
import { admitPod } from "./pod-admission.ts";
import type { WebhookAdmission } from "./webhook-admission.ts";

export interface AdmissionChainOptions {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  /** What calls the webhooks. */
  readonly webhooks: WebhookAdmission;
}

/** The admission plugins of this control plane, in kube-apiserver's order: NamespaceLifecycle, what a pod is given, webhooks. */
export function createAdmissionChain({ store, registry, webhooks }: AdmissionChainOptions): AdmissionChain {
  const namespaces = registry.find("", "v1", "namespaces")!;
  const isNamespaced = ({ resource }: AdmissionAttributes): boolean =>
    registry.find(resource.group, resource.version, resource.resource)?.namespaced ?? false;
  return {
    async mutate(attributes) {
      assertNamespaceLifecycle(attributes, isNamespaced(attributes), store, namespaces);
      const { object } = attributes;
      if (object === undefined || !isNewPod(attributes)) return webhooks.mutate(attributes);
      return webhooks.mutate({ ...attributes, object: admitPod(object) }, admitPod);
    },
    async validate(attributes) {
      if (attributes.operation === "DELETE")
        assertNamespaceLifecycle(attributes, isNamespaced(attributes), store, namespaces);
      await webhooks.validate(attributes);
    },
  };
}

function isNewPod({ operation, resource, subResource }: AdmissionAttributes): boolean {
  return (
    operation === "CREATE" && resource.group === "" && resource.resource === "pods" && subResource === ""
  );
}
