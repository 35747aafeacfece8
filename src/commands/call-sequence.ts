import type { AdmissionAttributes } from "../admission/admission-attributes.ts";
import { applyJSONPatch } from "../admission/json-patch.ts";
import { parseLossless } from "../admission/json-runtime.ts";
import type { JSONValue } from "../admission/json-value.ts";
import type { Webhook } from "../apis/admissionregistration.ts";
import { CountersignError, errorCodeOf, errorMessageOf } from "../errors.ts";
import type { WebhookTarget } from "../webhook/client/authentication-info-resolver.ts";
import type { WebhookAnswer, WebhookClient } from "../webhook/client/webhook-client.ts";
import type { ShownRequest } from "../webhook/client/webhook-request.ts";
import { buildReview, type VerifiedResponse, verifyReview } from "../webhook/dispatch/admission-review.ts";
import { type CallDecision, type DecisionMeans, decideCall } from "./call-decision.ts";
import type { CallReport, ReportedCall } from "./call-report.ts";

/** What calls webhooks, and whether also those that an API server would not call. */
export interface CallMeans extends DecisionMeans {
  readonly client: WebhookClient;
  readonly force: boolean;
}

/**
 * Calls webhooks of one configuration in their order. Mutating ones are each shown what those before them made of the
 * object, and none is called after one that refused; of validating ones all are called, as an API server does.
 */
export async function callInOrder(
  targets: readonly WebhookTarget[],
  attributes: AdmissionAttributes,
  means: CallMeans,
): Promise<readonly ReportedCall[]> {
  const calls: ReportedCall[] = [];
  let shown = attributes;
  for (const target of targets) {
    const mutating = target.kind === "MutatingWebhookConfiguration";
    const over = mutating && calls.some(({ report }) => !report.allowed);
    const report = over
      ? notCalled(target.webhook, { isRefused: false, why: "the request was refused before" })
      : await callOne(target, shown, means);
    calls.push({ report, object: shown.object });
    if (mutating && report.patch !== undefined) shown = patched(shown, report.patch);
  }
  return calls;
}

/** A patch that does not apply is shown as such, and changes nothing for those that come after. */
function patched(attributes: AdmissionAttributes, patch: JSONValue): AdmissionAttributes {
  try {
    return { ...attributes, object: applyJSONPatch(attributes.object ?? null, patch) };
  } catch {
    return attributes;
  }
}

async function callOne(
  target: WebhookTarget,
  attributes: AdmissionAttributes,
  means: CallMeans,
): Promise<CallReport> {
  const { kind, webhook } = target;
  const decision = await decideCall(kind, webhook, attributes, means);
  if (!decision.isCalled && !means.force) return notCalled(webhook, decision);
  const why = decision.isCalled ? {} : { why: decision.why };
  const sent: { request?: ShownRequest; body?: JSONValue } = {};
  try {
    const review = buildReview(webhook, attributes);
    sent.body = review.review;
    const answer = await means.client.call(target, review.review, {
      timeoutMs: (webhook.timeoutSeconds ?? 10) * 1000,
      onRequest: (request) => {
        sent.request = request;
      },
    });
    const response = verified(
      () => verifyReview(review, answer.body, kind === "MutatingWebhookConfiguration"),
      webhook,
    );
    return { ...answered(webhook, answer, response), ...why, ...requestOf(sent) };
  } catch (error) {
    if (!(error instanceof CountersignError) || error.code !== "ERR_WEBHOOK_CALL") throw error;
    return { ...failed(webhook, error), ...requestOf(sent) };
  }
}

/** An answer that is none, in kube-apiserver's words. */
function verified(verify: () => VerifiedResponse, { name }: Webhook): VerifiedResponse {
  try {
    return verify();
  } catch (cause) {
    const reason = errorMessageOf(cause);
    throw new CountersignError(
      "ERR_WEBHOOK_CALL",
      `failed calling webhook ${JSON.stringify(name)}: received invalid webhook response: ${reason}`,
      { cause },
    );
  }
}

function requestOf({
  request,
  body,
}: {
  request?: ShownRequest;
  body?: JSONValue;
}): Pick<CallReport, "request"> {
  return request === undefined || body === undefined ? {} : { request: { ...request, body } };
}

const nothing = { warnings: [], auditAnnotations: {}, credentials: [] };

function notCalled(
  { name }: Webhook,
  { isRefused, why }: Omit<Extract<CallDecision, { isCalled: false }>, "isCalled">,
): CallReport {
  return { webhook: name, outcome: "notCalled", allowed: !isRefused, why, ...nothing };
}

function failed({ name, failurePolicy }: Webhook, error: CountersignError): CallReport {
  const { cause } = error;
  const isStatus = cause instanceof CountersignError && cause.code === "ERR_API_STATUS";
  const httpStatus = isStatus ? { httpStatus: (cause.cause as { readonly code: number }).code } : {};
  const allowed = failurePolicy === "Ignore";
  return { webhook: name, outcome: "failed", allowed, why: error.message, ...httpStatus, ...nothing };
}

function answered(
  { name: webhook }: Webhook,
  { httpStatus, credentials, tokenError }: WebhookAnswer,
  { allowed, status, warnings, auditAnnotations, patch }: VerifiedResponse,
): CallReport {
  const { code, message, reason } = status ?? {};
  const text = message || reason;
  return {
    ...{ webhook, outcome: allowed ? "allowed" : "denied", allowed, httpStatus },
    ...(code ? { code } : {}),
    ...(text ? { message: text } : {}),
    ...{ warnings, auditAnnotations, credentials },
    ...(patch === "" ? {} : { patch: parseLossless(Buffer.from(patch, "base64").toString("utf8")) }),
    ...(tokenError === undefined
      ? {}
      : { tokenError: `${errorCodeOf(tokenError)}: ${errorMessageOf(tokenError)}` }),
  };
}
