import type { RuleWithOperations, Webhook, WebhookConfiguration } from "../../apis/admissionregistration.ts";

/**
 * A configuration as an API server would have stored it: what nobody wrote is filled in (kubernetes/kubernetes
 * pkg/apis/admissionregistration/v1/defaults.go). A dispatcher takes what is absent for something else: `matchPolicy`
 * for `Exact`.
 */
export function withWebhookDefaults(configuration: WebhookConfiguration): WebhookConfiguration {
  const mutating = configuration.kind === "MutatingWebhookConfiguration";
  return {
    ...configuration,
    webhooks: (configuration.webhooks ?? []).map((webhook) => withDefaults(webhook, mutating)),
  };
}

function withDefaults(webhook: Webhook, mutating: boolean): Webhook {
  const { clientConfig, rules = [] } = webhook;
  const { service } = clientConfig;
  return {
    ...webhookDefaults(mutating),
    ...webhook,
    ...(service === undefined
      ? {}
      : { clientConfig: { ...clientConfig, service: { port: 443, ...service } } }),
    rules: rules.map((rule): RuleWithOperations => ({ scope: "*", ...rule })),
  };
}

/** What a webhook has where nobody wrote it, its Service and rules aside. */
export function webhookDefaults(mutating: boolean) {
  return {
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
    ...(mutating ? ({ reinvocationPolicy: "Never" } as const) : {}),
  } as const;
}
