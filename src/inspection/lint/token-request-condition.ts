import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import type { Webhook, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { serviceAccountUsername } from "../../apis/authentication.ts";
import { createMatchConditionEvaluator } from "../../cel/cel-match-condition-evaluator.ts";

/** The match condition that takes the requests for tokens out of a webhook's rules. */
export const tokenRequestCondition =
  '!(request.resource.group == "" && request.resource.resource == "serviceaccounts" && request.subResource == "token")';

const evaluator = createMatchConditionEvaluator();

/** Whose tokens are asked for, by whom: enough of them that a condition about one is seen to be about one only. */
const probes: readonly AdmissionAttributes[] = ["kube-system", "countersign-system", "default"].flatMap(
  (namespace) =>
    [serviceAccountUsername({ namespace, name: "caller" }), "system:apiserver"].map((username) => ({
      operation: "CREATE",
      kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
      resource: { group: "", version: "v1", resource: "serviceaccounts" },
      subResource: "token",
      namespace,
      name: "caller",
      userInfo: { username },
      object: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        metadata: {},
        spec: { audiences: [] },
      },
    })),
);

/** Whether match conditions keep requests for tokens from the webhook: all of them, some, or none. */
export function excludedTokenRequests(
  kind: WebhookConfigurationKind,
  webhook: Webhook,
): "all" | "some" | "none" {
  if ((webhook.matchConditions ?? []).length === 0) return "none";
  const verdicts = probes.map((attributes) => evaluator.evaluate({ kind, webhook, attributes }));
  // without an authorizer an evaluation waits for nobody, and a condition that asks one has failed
  const outcomes = verdicts.map((verdict) => (verdict instanceof Promise ? "failed" : verdict.outcome));
  if (outcomes.every((outcome) => outcome === "excluded")) return "all";
  return outcomes.every((outcome) => outcome === "matches") ? "none" : "some";
}
