import type { KubernetesObject, LabelSelector } from "./meta.ts";

/** `admissionregistration.k8s.io/v1`: what a cluster says of its webhooks. */

export type WebhookConfigurationKind = "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration";

/** What an API server asks webhooks about. Reads are never reviewed. */
export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** Which requests are meant: one of each list, exactly or by `*`. `resources` may name a subresource: `pods/status`. */
export interface RuleWithOperations {
  readonly operations: readonly (Operation | "*")[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly scope?: "Cluster" | "Namespaced" | "*";
}

export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly path?: string;
  readonly port?: number;
}

/** KEP-2510's request for a token; kube-apiserver does not keep it, our own sources do. */
export interface AuthenticationSource {
  readonly tokenRequest?: Readonly<Record<string, never>>;
}

/** Exactly one of `url` and `service`. `caBundle` is base64 of PEM, as on the wire. */
export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: ServiceReference;
  readonly caBundle?: string;
  readonly authenticationSource?: AuthenticationSource;
}

export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

export interface Webhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly RuleWithOperations[];
  readonly failurePolicy?: "Ignore" | "Fail";
  readonly matchPolicy?: "Exact" | "Equivalent";
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly sideEffects?: "None" | "NoneOnDryRun" | "Some" | "Unknown";
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions: readonly string[];
  readonly matchConditions?: readonly MatchCondition[];
  /** Mutating webhooks only. */
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
}

export interface WebhookConfiguration extends KubernetesObject {
  readonly apiVersion: "admissionregistration.k8s.io/v1";
  readonly kind: WebhookConfigurationKind;
  readonly webhooks?: readonly Webhook[];
}
