import * as z from "zod/mini";
import type { WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import {
  checkAlone,
  checkAuthenticationSource,
  checkCABundle,
  checkDistinctNames,
  checkManifestName,
  checkReviewVersions,
  checkSelectorRequirement,
  checkStaticClientConfig,
  checkWebhookName,
  checkWebhookURL,
} from "./manifest-checks.ts";

/**
 * Static manifests: `admissionregistration.k8s.io/v1` decoded strictly and validated as an API server validates it
 * (kubernetes/kubernetes pkg/apis/admissionregistration/validation), with KEP-2510's field. What an expression in
 * matchConditions says is seen when it is evaluated.
 */

const text = z.string();
const name = text.check(z.minLength(1));
const labels = z.record(text, text);

/** All of metav1.ObjectMeta; what only an API server writes is not looked into. */
const metadata = z.strictObject({
  name: text.check(checkManifestName),
  labels: z.exactOptional(labels),
  annotations: z.exactOptional(labels),
  ...Object.fromEntries(
    ["generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp"]
      .concat(["deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "finalizers"])
      .concat(["selfLink", "managedFields"])
      .map((field) => [field, z.exactOptional(z.unknown())]),
  ),
});

function some<Item extends z.core.SomeType>(item: Item) {
  return z.array(item).check(z.minLength(1), checkAlone);
}

const rule = z.strictObject({
  operations: some(z.enum(["CREATE", "UPDATE", "DELETE", "CONNECT", "*"])),
  apiGroups: some(text),
  apiVersions: some(name),
  resources: z.array(name).check(z.minLength(1)),
  scope: z.exactOptional(z.enum(["Cluster", "Namespaced", "*"])),
});

const requirement = z
  .strictObject({ key: name, operator: text, values: z.exactOptional(z.array(text)) })
  .check(checkSelectorRequirement);

const selector = z.strictObject({
  matchLabels: z.exactOptional(labels),
  matchExpressions: z.exactOptional(z.array(requirement)),
});

const authenticationSource = z
  .strictObject({ tokenRequest: z.exactOptional(z.strictObject({})) })
  .check(checkAuthenticationSource);

const clientConfig = z
  .strictObject({
    url: z.exactOptional(text.check(checkWebhookURL)),
    service: z.exactOptional(z.unknown()),
    caBundle: z.exactOptional(text.check(checkCABundle)),
    authenticationSource: z.exactOptional(authenticationSource),
  })
  .check(checkStaticClientConfig);

const matchCondition = z.strictObject({ name, expression: name });

const validatingWebhook = {
  name: text.check(checkWebhookName),
  clientConfig,
  rules: z.exactOptional(z.array(rule)),
  failurePolicy: z.exactOptional(z.enum(["Ignore", "Fail"])),
  matchPolicy: z.exactOptional(z.enum(["Exact", "Equivalent"])),
  namespaceSelector: z.exactOptional(selector),
  objectSelector: z.exactOptional(selector),
  sideEffects: z.enum(["None", "NoneOnDryRun"]),
  timeoutSeconds: z.exactOptional(z.int().check(z.gte(1), z.lte(30))),
  admissionReviewVersions: z.array(name).check(z.minLength(1), checkReviewVersions),
  matchConditions: z.exactOptional(z.array(matchCondition).check(z.maxLength(64), checkDistinctNames)),
};

const mutatingWebhook = {
  ...validatingWebhook,
  reinvocationPolicy: z.exactOptional(z.enum(["Never", "IfNeeded"])),
};

function configuration<Shape extends z.core.$ZodShape>(kind: WebhookConfigurationKind, webhook: Shape) {
  return z.strictObject({
    apiVersion: z.literal("admissionregistration.k8s.io/v1"),
    kind: z.literal(kind),
    metadata,
    webhooks: z.exactOptional(z.array(z.strictObject(webhook)).check(checkDistinctNames)),
  });
}

export const manifestSchemas: Readonly<Record<WebhookConfigurationKind, z.core.$ZodType>> = {
  ValidatingWebhookConfiguration: configuration("ValidatingWebhookConfiguration", validatingWebhook),
  MutatingWebhookConfiguration: configuration("MutatingWebhookConfiguration", mutatingWebhook),
};
