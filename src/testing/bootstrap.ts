import { randomUUID } from "node:crypto";
import { formatTime } from "../apis/time.ts";
import type { RequestHeaderConfiguration } from "../authentication/request-header.ts";
import type { Clock } from "../clock.ts";
import { bootstrapNamespaces, bootstrapRoles, extensionAuthentication } from "./bootstrap-objects.ts";
import { type ApiObject, withMetadata } from "./objects/api-object.ts";
import type { ResourceRegistry } from "./objects/resource-kind.ts";
import type { ObjectStore } from "./storage/object-store.ts";
import { strategyOf } from "./strategies/object-strategy.ts";

/** Puts objects into the store that nobody asked for: defaulted and identified as any other, but past admission. */
export interface Planting {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
}

export function plant(object: ApiObject, { store, registry, clock }: Planting): ApiObject {
  const kind = registry.findKind(object.apiVersion, object.kind)!;
  const strategy = strategyOf(kind);
  const defaulted = strategy.defaults?.(object) ?? object;
  const prepared = strategy.prepareForCreate?.(defaulted) ?? defaulted;
  const identity = { uid: randomUUID(), creationTimestamp: formatTime(clock.now()) };
  return store.create(kind, withMetadata(prepared, identity));
}

/** By whose certificates a control plane knows its callers. */
export interface ClientAuthorities {
  readonly clientCaPem: string;
  readonly requestHeader: RequestHeaderConfiguration;
}

/**
 * What a new control plane holds: namespaces with their `default` ServiceAccount, RBAC's roles, and what an aggregated
 * server knows callers by.
 */
export function plantBootstrapObjects(authorities: ClientAuthorities, planting: Planting): void {
  for (const name of bootstrapNamespaces) {
    plant({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, planting);
    plantDefaultServiceAccount(name, planting);
  }
  const { registry } = planting;
  const servesAttributesReviews =
    registry.findKind("authentication.k8s.io/v1alpha1", "SelfSubjectAttributesReview") !== undefined;
  const { clientCaPem, requestHeader } = authorities;
  for (const object of [
    ...bootstrapRoles(servesAttributesReviews),
    ...extensionAuthentication(clientCaPem, requestHeader),
  ])
    plant(object, planting);
}

/** What kube-controller-manager does for a new namespace. */
export function plantDefaultServiceAccount(namespace: string, planting: Planting): void {
  plant({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } }, planting);
}
