import { admissionReviewAPIGroups } from "../../apis/authentication.ts";
import { type Json, type JsonObject, objectAt, stringAt } from "../objects/api-object.ts";
import { dnsSubdomainFaults } from "../objects/object-name.ts";
import { type FieldError, invalid, notSupported } from "../status/field-error.ts";

const minimumSeconds = 10 * 60;
const maximumSeconds = 2 ** 32;
const webhookKinds = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

/** Whether a reference is to a webhook configuration, of exactly the version that may be bound to. */
export function isWebhookReference(reference: JsonObject): boolean {
  return (
    stringAt(reference, "apiVersion") === "admissionregistration.k8s.io/v1" &&
    webhookKinds.includes(stringAt(reference, "kind") ?? "")
  );
}

/** k8s.io/kubernetes pkg/apis/authentication/validation, 1.37. */
export function validateTokenRequest(spec: JsonObject): readonly FieldError[] {
  const attestations = objectAt(spec, "attestations");
  if (!isWebhookReference(objectAt(spec, "boundObjectRef"))) {
    if (Object.keys(attestations).length === 0) return validateExpiration(spec.expirationSeconds);
    const detail = "attestations may only be specified with a webhook bound object reference";
    return [invalid("spec.attestations", attestations, detail)];
  }
  const audiences = Array.isArray(spec.audiences) ? spec.audiences : [];
  return [
    ...validateExpiration(spec.expirationSeconds),
    ...(audiences.length === 1
      ? []
      : [invalid("spec.audiences", spec.audiences, "must be length 1 when bound to a webhook config")]),
    ...validateAttestations(spec.attestations, attestations),
  ];
}

function validateExpiration(value: Json | undefined): readonly FieldError[] {
  const seconds = typeof value === "number" ? value : 0;
  const field = "spec.expirationSeconds";
  if (seconds < minimumSeconds)
    return [invalid(field, seconds, "may not specify a duration less than 10 minutes")];
  if (seconds > maximumSeconds)
    return [invalid(field, seconds, "may not specify a duration larger than 2^32 seconds")];
  return [];
}

function validateAttestations(given: Json | undefined, attestations: JsonObject): readonly FieldError[] {
  const entries = Object.entries(attestations);
  if (entries.length !== 1) {
    const detail = `webhook bound requests require exactly one ${admissionReviewAPIGroups} attestation`;
    return [invalid("spec.attestations", given, detail)];
  }
  const [key, value] = entries[0]!;
  const path = `spec.attestations[${key}]`;
  if (key !== admissionReviewAPIGroups) return [notSupported(path, key, [admissionReviewAPIGroups])];
  if (!Array.isArray(value) || value.length !== 1)
    return [invalid(path, value, "must specify a single value")];
  return validateGroup(`${path}[0]`, value[0] as Json);
}

/** `""` would mean every name to an authorizer and the core group to a webhook. */
function validateGroup(path: string, group: Json): readonly FieldError[] {
  if (group === "" || typeof group !== "string") return [invalid(path, group, "may not be an empty string")];
  if (group === "*") return [];
  return dnsSubdomainFaults(group).map((fault) =>
    invalid(path, group, `must specify a valid API Group: ${fault}`),
  );
}
