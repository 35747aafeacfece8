import { randomUUID } from "node:crypto";
import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import { getOwn, isJSONObject, type JSONObject, type JSONValue } from "../../admission/json-value.ts";
import type { AdmissionReviewVersion } from "../../apis/admission.ts";
import type { Webhook } from "../../apis/admissionregistration.ts";
import type { Status } from "../../apis/meta.ts";
import { CountersignError } from "../../errors.ts";
import { HookFailure } from "./dispatch-errors.ts";

/** A review ready to be posted. */
export interface OutgoingReview {
  readonly apiVersion: AdmissionReviewVersion;
  readonly uid: string;
  readonly review: JSONObject;
}

/** What a webhook answered, verified. */
export interface VerifiedResponse {
  readonly allowed: boolean;
  readonly status: Status | undefined;
  readonly auditAnnotations: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /** base64; of mutating webhooks only. */
  readonly patch: string;
  readonly patchType: string;
}

/**
 * The review of a request in the first version of the webhook's `admissionReviewVersions` that we know, under a fresh
 * uid; members and their order are kube-apiserver's (pkg/admission/plugin/webhook/request).
 * @throws ERR_WEBHOOK_CALL where it knows neither v1 nor v1beta1.
 */
export function buildReview(webhook: Webhook, attributes: AdmissionAttributes): OutgoingReview {
  const version = webhook.admissionReviewVersions.find((one) => one === "v1" || one === "v1beta1");
  if (version === undefined)
    throw new HookFailure(
      webhook,
      "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)",
      400,
    );
  const apiVersion = `admission.k8s.io/${version}` as const;
  const uid = randomUUID();
  return {
    apiVersion,
    uid,
    review: { kind: "AdmissionReview", apiVersion, request: requestOf(uid, attributes) },
  };
}

function requestOf(uid: string, attributes: AdmissionAttributes): JSONObject {
  const { kind, resource, subResource, name, namespace, operation, userInfo } = attributes;
  const { object = null, oldObject = null, options = null, dryRun = false } = attributes;
  const { requestKind = kind, requestResource = resource } = attributes;
  return {
    uid,
    kind: { ...kind },
    resource: { ...resource },
    ...(subResource ? { subResource } : {}),
    requestKind: { ...requestKind },
    requestResource: { ...requestResource },
    ...(subResource ? { requestSubResource: subResource } : {}),
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: userInfo as unknown as JSONObject,
    object,
    oldObject,
    dryRun,
    options,
  };
}

/**
 * The response in a webhook's answer, once it is one to this review: the checks and messages of kube-apiserver's
 * VerifyAdmissionResponse, which hold for denials too.
 * @throws ERR_WEBHOOK_CALL
 */
export function verifyReview(sent: OutgoingReview, body: JSONValue, mutating: boolean): VerifiedResponse {
  const answer = isJSONObject(body) ? body : {};
  const response = getOwn(answer, "response") ?? null;
  if (!isJSONObject(response)) throw bad("webhook response was absent");
  const patch = text(response, "patch") ?? "";
  if (!/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(patch)) throw bad("response.patch is not base64");
  const patchType = text(response, "patchType");
  if (sent.apiVersion === "admission.k8s.io/v1") {
    const uid = text(response, "uid") ?? "";
    if (uid !== sent.uid) throw bad(`expected response.uid=${quoted(sent.uid)}, got ${quoted(uid)}`);
    verifyTypeMeta(answer);
    verifyPatch(patch, patchType, mutating);
  }
  return {
    allowed: boolean(response, "allowed"),
    status: statusOf(response),
    auditAnnotations: strings(response, "auditAnnotations"),
    warnings: list(response, "warnings"),
    patch: mutating ? patch : "",
    // v1beta1: assumed wherever there is a patch
    patchType:
      sent.apiVersion === "admission.k8s.io/v1" ? (patchType ?? "") : patch === "" ? "" : "JSONPatch",
  };
}

function verifyTypeMeta(answer: JSONObject): void {
  const apiVersion = text(answer, "apiVersion") ?? "";
  const kind = text(answer, "kind") ?? "";
  if (apiVersion !== "admission.k8s.io/v1" || kind !== "AdmissionReview")
    throw bad(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion || "/"}, Kind=${kind}`,
    );
}

function verifyPatch(patch: string, patchType: string | undefined, mutating: boolean): void {
  if (!mutating && patch !== "") throw bad("validating webhook may not return response.patch");
  if (!mutating && patchType !== undefined) throw bad("validating webhook may not return response.patchType");
  if (patch !== "" && patchType === undefined)
    throw bad("webhook returned response.patch but not response.patchType");
  if (patch === "" && patchType !== undefined)
    throw bad("webhook returned response.patchType but not response.patch");
  if (patchType === "") throw bad('webhook returned invalid response.patchType of ""');
}

function statusOf(response: JSONObject): Status | undefined {
  const status = getOwn(response, "status") ?? null;
  if (status === null) return undefined;
  if (!isJSONObject(status)) throw bad("response.status is not an object");
  const code = getOwn(status, "code") ?? 0;
  if (typeof code !== "number") throw bad("response.status.code is not a number");
  for (const name of ["message", "reason", "status"]) text(status, name);
  return { ...status, code } as Status;
}

function text(object: JSONObject, name: string): string | undefined {
  const value = getOwn(object, name) ?? null;
  if (value === null) return undefined;
  if (typeof value !== "string") throw bad(`${name} is not a string`);
  return value;
}

function boolean(object: JSONObject, name: string): boolean {
  const value = getOwn(object, name) ?? false;
  if (typeof value !== "boolean") throw bad(`response.${name} is not true or false`);
  return value;
}

function list(object: JSONObject, name: string): readonly string[] {
  const value = getOwn(object, name) ?? null;
  if (value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
    throw bad(`response.${name} is not a list of strings`);
  return value;
}

function strings(object: JSONObject, name: string): Readonly<Record<string, string>> {
  const value = getOwn(object, name) ?? null;
  if (value === null) return {};
  if (!isJSONObject(value) || !Object.values(value).every((item) => typeof item === "string"))
    throw bad(`response.${name} is not a mapping of strings`);
  return value as Readonly<Record<string, string>>;
}

const quoted = (value: string): string => JSON.stringify(value);

function bad(message: string): CountersignError {
  return new CountersignError("ERR_WEBHOOK_CALL", message);
}
