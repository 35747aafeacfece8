import { createAdmissionHandler } from "../../../src/admission/handler.ts";
import type { Policy } from "../../../src/admission/policy.ts";
import { decodeReview } from "../../../src/admission/review.ts";
import type { AdmissionResponse } from "../../../src/apis/admission.ts";
import { request } from "../../admission/deployment-review.ts";

/** A Pod of these containers, or with anything else in its spec. */
export function podOf(spec: object | string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop" },
    spec: typeof spec === "string" ? { containers: [{ name: "app", image: spec }] } : spec,
  };
}

/** The `request` of a review of a Pod, with members of it exchanged. */
export function podRequest(changes: Readonly<Record<string, unknown>> = {}): object {
  const kind = { group: "", version: "v1", kind: "Pod" };
  const resource = { group: "", version: "v1", resource: "pods" };
  const more = { kind, resource, requestKind: kind, requestResource: resource };
  return { ...request, ...more, object: podOf("nginx"), ...changes };
}

/** What a route with this policy answers. */
export function judge(policy: Policy, changes: Readonly<Record<string, unknown>>): AdmissionResponse {
  const handler = createAdmissionHandler({ path: "/p", mutating: false, policies: () => [policy] });
  const review = { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: podRequest(changes) };
  const decoded = decodeReview(Buffer.from(JSON.stringify(review)));
  return handler.review(decoded, undefined) as AdmissionResponse;
}
