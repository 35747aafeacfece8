import type { AdmissionRequestEnvelope } from "../apis/admission.ts";
import { CountersignError } from "../errors.ts";

/** The apiVersion and kind that a reviewed object itself carries. */
export interface ReviewedObject {
  typeMeta(): { readonly apiVersion?: string; readonly kind?: string };
}

/** A review, as `decodeReview` gives it. */
export interface ReviewedGroups {
  readonly request: AdmissionRequestEnvelope;
  readonly object?: ReviewedObject | undefined;
  readonly oldObject?: ReviewedObject | undefined;
}

/** What of a caller decides which groups it may show; a `Caller` is one. */
export interface AttestedCaller {
  readonly method: string;
  readonly attestedAPIGroup?: string;
}

/** What a configuration adds to the rules. */
export interface ReviewGroupOptions {
  /**
   * Further groups that the kind behind a subresource may have, by subresource: `{ promote: ["ops.example.com"] }`. They
   * add to scale → autoscaling, eviction → policy and token → authentication.k8s.io.
   */
  readonly subresourceGroups?: Readonly<Record<string, readonly string[]>>;
}

const anyAPIGroup = "*";
const coreGroup = "";

/** The subresources of Kubernetes whose kind stands in another group than their resource. */
const subresourceGroups: ReadonlyMap<string, string> = new Map([
  ["scale", "autoscaling"],
  ["eviction", "policy"],
  ["token", "authentication.k8s.io"],
]);

/**
 * Holds a review to one story, and to what its caller's token attests (KEP-6060). The review is written by its caller: a
 * server attested for `evil.io` could name its own group as the resource's and show a policy a Deployment of `apps`.
 *
 * - `kind.group` equals `resource.group`. Behind a subresource it may be the known other one (scale, eviction, token, and
 *   those of the options), and for CONNECT the core group of the connect options. The same for `requestKind` and
 *   `requestResource`, where they are given.
 * - `object` and `oldObject`, where they are, say an apiVersion of `kind.group` themselves.
 * - The attested group, if the caller's credential attests one, is `resource.group` and `requestResource.group`, or `*`.
 *
 * @throws ERR_GROUP_INCONSISTENT for the first two.
 * @throws ERR_GROUP_NOT_ATTESTED for the third, and for a webhook-bound token that attests nothing.
 */
export function assertReviewGroups(
  review: ReviewedGroups,
  caller: AttestedCaller | undefined,
  options: ReviewGroupOptions = {},
): void {
  const { request } = review;
  assertAttested(request, caller);
  if (!mayBeKind(request.kind.group, request.resource.group, request.subResource, request.operation, options))
    throw inconsistent("kind.group", request.kind.group, "resource.group", request.resource.group);
  assertRequested(request, options);
  assertObject("object", review.object, request.kind.group);
  assertObject("oldObject", review.oldObject, request.kind.group);
}

function assertAttested(request: AdmissionRequestEnvelope, caller: AttestedCaller | undefined): void {
  const attested = caller?.attestedAPIGroup;
  if (attested === undefined) {
    if (caller?.method === "webhookToken")
      throw notAttested("resource.group", request.resource.group, "none");
    return;
  }
  if (attested === anyAPIGroup) return;
  if (request.resource.group !== attested)
    throw notAttested("resource.group", request.resource.group, attested);
  const requested = request.requestResource?.group ?? attested;
  if (requested !== attested) throw notAttested("requestResource.group", requested, attested);
}

/** What the user asked for, before the API server converted it to what the webhook registered for. */
function assertRequested(request: AdmissionRequestEnvelope, options: ReviewGroupOptions): void {
  const { requestKind, requestResource, requestSubResource, operation } = request;
  if (requestKind === undefined || requestResource === undefined) return;
  if (!mayBeKind(requestKind.group, requestResource.group, requestSubResource, operation, options))
    throw inconsistent(
      "requestKind.group",
      requestKind.group,
      "requestResource.group",
      requestResource.group,
    );
}

function mayBeKind(
  kindGroup: string,
  resourceGroup: string,
  subresource: string | undefined,
  operation: string,
  options: ReviewGroupOptions,
): boolean {
  if (kindGroup === resourceGroup) return true;
  if (subresource === undefined || subresource === "") return false;
  if (operation === "CONNECT" && kindGroup === coreGroup) return true;
  return (
    subresourceGroups.get(subresource) === kindGroup || configured(options, subresource).includes(kindGroup)
  );
}

function configured(
  { subresourceGroups: groups }: ReviewGroupOptions,
  subresource: string,
): readonly string[] {
  return groups !== undefined && Object.hasOwn(groups, subresource) ? (groups[subresource] ?? []) : [];
}

function assertObject(slot: string, object: ReviewedObject | undefined, kindGroup: string): void {
  if (object === undefined) return;
  const { apiVersion } = object.typeMeta();
  const group = apiVersion === undefined ? undefined : groupOf(apiVersion);
  if (group !== kindGroup)
    throw inconsistent(`${slot}.apiVersion`, apiVersion ?? "nothing", "kind.group", kindGroup);
}

/** `apps/v1` → `apps`, `v1` → the core group; undefined for what is neither (apimachinery ParseGroupVersion). */
function groupOf(apiVersion: string): string | undefined {
  const parts = apiVersion.split("/");
  if (parts.length > 2 || parts.includes("")) return undefined;
  return parts.length === 1 ? coreGroup : parts[0];
}

function inconsistent(field: string, value: string, otherField: string, other: string): CountersignError {
  return new CountersignError(
    "ERR_GROUP_INCONSISTENT",
    `request.${field} ${shown(value)} does not fit request.${otherField} ${shown(other)}`,
  );
}

function notAttested(field: string, value: string, attested: string): CountersignError {
  return new CountersignError(
    "ERR_GROUP_NOT_ATTESTED",
    `request.${field} is ${shown(value)}, the caller's token attests ${shown(attested)}`,
  );
}

/** A stranger's text: what is no group (RFC 1123) or apiVersion is not repeated in a log. */
function shown(text: string): string {
  return /^[a-z0-9.*/-]{0,253}$/i.test(text) ? `"${text}"` : "(not a group)";
}
