import type {
  Webhook,
  WebhookConfiguration,
  WebhookConfigurationKind,
} from "../../../src/apis/admissionregistration.ts";

/** A configuration of one webhook, as a program would write it. */
export function configurationOf(
  name: string,
  kind: WebhookConfigurationKind = "ValidatingWebhookConfiguration",
  metadata: object = {},
  webhook: Partial<Webhook> = {},
): WebhookConfiguration {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name, ...metadata },
    webhooks: [
      {
        name: "v.example.com",
        clientConfig: { service: { namespace: "ns", name: "svc" } },
        rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
        admissionReviewVersions: ["v1"],
        ...webhook,
      },
    ],
  };
}

export function namesOf(configurations: readonly WebhookConfiguration[]): string {
  return configurations.map(({ metadata }) => metadata.name).join(" ");
}
