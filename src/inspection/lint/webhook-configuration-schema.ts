import * as z from "zod/mini";
import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";

/**
 * `admissionregistration.k8s.io/v1` as of 1.37, and KEP-2510's field. What is required is not required here: rules say
 * of each thing that is missing what comes of it.
 */

type ObjectSchema = typeof z.object;

const text = z.string();
const list = z.prefault(z.array(text), []);

function webhookConfiguration(object: ObjectSchema) {
  const rule = object({
    operations: list,
    apiGroups: list,
    apiVersions: list,
    resources: list,
    scope: z.exactOptional(text),
  });
  const service = object({
    namespace: z.prefault(text, ""),
    name: z.prefault(text, ""),
    path: z.exactOptional(text),
    port: z.exactOptional(z.number()),
  });
  const clientConfig = object({
    url: z.exactOptional(text),
    service: z.exactOptional(service),
    caBundle: z.exactOptional(text),
    authenticationSource: z.exactOptional(object({ tokenRequest: z.exactOptional(object({})) })),
  });
  const webhook = object({
    name: z.prefault(text, ""),
    clientConfig: z.prefault(clientConfig, {}),
    rules: z.exactOptional(z.array(rule)),
    failurePolicy: z.exactOptional(z.enum(["Ignore", "Fail"])),
    matchPolicy: z.exactOptional(z.enum(["Exact", "Equivalent"])),
    namespaceSelector: z.exactOptional(selector),
    objectSelector: z.exactOptional(selector),
    sideEffects: z.exactOptional(z.enum(["None", "NoneOnDryRun", "Some", "Unknown"])),
    timeoutSeconds: z.exactOptional(z.number()),
    admissionReviewVersions: list,
    matchConditions: z.exactOptional(z.array(object({ name: z.prefault(text, ""), expression: text }))),
    reinvocationPolicy: z.exactOptional(z.enum(["Never", "IfNeeded"])),
  });
  return object({
    apiVersion: z.literal("admissionregistration.k8s.io/v1"),
    kind: z.enum(["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]),
    metadata: z.prefault(metadata, {}),
    webhooks: z.exactOptional(z.array(webhook)),
  });
}

const selector = z.looseObject({
  matchLabels: z.exactOptional(z.record(text, text)),
  matchExpressions: z.exactOptional(
    z.array(z.object({ key: text, operator: text, values: z.exactOptional(z.array(text)) })),
  ),
});

const metadata = z.looseObject({
  name: z.exactOptional(text),
  uid: z.exactOptional(text),
  annotations: z.exactOptional(z.record(text, text)),
});

/** Names every field that there is not. */
export const strictWebhookConfiguration = webhookConfiguration(z.strictObject as ObjectSchema);

/** Drops them, as an API server does where validation is off. */
export const webhookConfigurationSchema: z.core.$ZodType<WebhookConfiguration> = webhookConfiguration(
  z.object,
) as unknown as z.core.$ZodType<WebhookConfiguration>;
