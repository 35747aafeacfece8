import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import type { Webhook, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { type ServiceAccountReference, serviceAccountUsername } from "../../apis/authentication.ts";
import { createMatchConditionEvaluator } from "../../cel/cel-match-condition-evaluator.ts";
import type { FoundWebhook } from "./find-webhooks-by-host-port.ts";
import { interceptionOf } from "./token-request-interceptor.ts";

const evaluator = createMatchConditionEvaluator();

/** Enough of them that a condition about one is seen to be about one only. */
const anyAccounts: readonly ServiceAccountReference[] = ["kube-system", "countersign-system", "default"].map(
  (namespace) => ({ namespace, name: "caller" }),
);

/**
 * Whether match conditions keep requests for tokens from the webhook: all of them, some, or none; those for the tokens of
 * these ServiceAccounts, or for those of any. Who asks is not known.
 */
export function excludedTokenRequests(
  kind: WebhookConfigurationKind,
  webhook: Webhook,
  accounts = anyAccounts,
): "all" | "some" | "none" {
  if ((webhook.matchConditions ?? []).length === 0) return "none";
  const verdicts = accounts
    .flatMap(requestsFor)
    .map((attributes) => evaluator.evaluate({ kind, webhook, attributes }));
  // without an authorizer an evaluation waits for nobody, and a condition that asks one has failed
  const outcomes = verdicts.map((verdict) => (verdict instanceof Promise ? "failed" : verdict.outcome));
  if (outcomes.every((outcome) => outcome === "excluded")) return "all";
  return outcomes.every((outcome) => outcome === "matches") ? "none" : "some";
}

/** The webhook of these that is called, or may be, for the request for this ServiceAccount's token. */
export function interceptorOf(
  webhooks: readonly FoundWebhook[],
  serviceAccount: ServiceAccountReference,
): FoundWebhook | undefined {
  return webhooks.find(
    ({ configuration: { kind }, webhook }) =>
      interceptionOf(webhook, serviceAccount) !== "never" &&
      excludedTokenRequests(kind, webhook, [serviceAccount]) !== "all",
  );
}

/** A request for a ServiceAccount's token, by itself and by somebody else. */
function requestsFor(account: ServiceAccountReference): readonly AdmissionAttributes[] {
  const { namespace, name } = account;
  return [serviceAccountUsername(account), "system:apiserver"].map((username) => ({
    operation: "CREATE",
    kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
    resource: { group: "", version: "v1", resource: "serviceaccounts" },
    subResource: "token",
    namespace,
    name,
    userInfo: { username },
    object: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: { audiences: [] },
    },
  }));
}
