import type { ServiceAccountReference } from "../apis/authentication.ts";
import type { Status } from "../apis/meta.ts";
import { decodeStatus } from "../apis/status.ts";
import { CountersignError, type ErrorCode } from "../errors.ts";
import type { TokenIntent } from "./token-request.ts";

interface Refusal {
  readonly status: Status;
  readonly account: ServiceAccountReference;
  readonly intent: TokenIntent;
}

interface Explanation {
  readonly code: ErrorCode;
  /** What to grant or change. */
  readonly cure: (refusal: Refusal) => string;
}

const gateOff: Explanation = {
  code: "ERR_TOKEN_REQUEST_GATE_OFF",
  cure: () =>
    "turn on the feature gate APIServerWebhookAuthenticationToken (1.37 or later), or use plain audience tokens (mode audience)",
};

const attestMissing: Explanation = {
  code: "ERR_TOKEN_REQUEST_ATTEST",
  cure: ({ account, intent }) =>
    `grant ServiceAccount ${account.namespace}/${account.name} the verb attest on admissionReviewAPIGroups.authentication.k8s.io ` +
    `${JSON.stringify(groupOf(intent))} in a ClusterRole (countersign rbac prints it)`,
};

const denied: Explanation = {
  code: "ERR_TOKEN_REQUEST_DENIED",
  cure: ({ intent }) =>
    intent.mode === "audience"
      ? "the API server gives no reason"
      : `${intent.configuration.kind} ${JSON.stringify(intent.configuration.name)} must exist and not be under deletion, and one ` +
        `webhook in it must have both the address ${JSON.stringify(intent.audience)} and a rule for API group ${JSON.stringify(intent.apiGroup)}`,
};

const forbidden: Explanation = {
  code: "ERR_TOKEN_REQUEST_FORBIDDEN",
  cure: ({ account }) =>
    `grant whoever asks the verb create on serviceaccounts/token, resource name ${JSON.stringify(account.name)}, in namespace ` +
    `${JSON.stringify(account.namespace)} (countersign rbac prints it)`,
};

const notFound: Explanation = {
  code: "ERR_TOKEN_REQUEST_NOT_FOUND",
  cure: ({ account }) => `create ServiceAccount ${account.namespace}/${account.name}, or name another`,
};

const conflict: Explanation = {
  code: "ERR_TOKEN_REQUEST_CONFLICT",
  cure: () => "read the webhook configuration again: what had this uid was replaced",
};

const invalid: Explanation = {
  code: "ERR_TOKEN_REQUEST_INVALID",
  cure: () => "change what the message names",
};

const other: Explanation = {
  code: "ERR_API_STATUS",
  cure: ({ status }) =>
    status.code === 401
      ? "check the credentials this API server is called with"
      : "try again, or ask its administrator",
};

/**
 * What an unsuccessful answer to a TokenRequest means, and what to do: ERR_TOKEN_REQUEST_* where its order of checks
 * (kubernetes/kubernetes pkg/registry/core/serviceaccount/storage/token.go, 1.37) tells, otherwise ERR_API_STATUS. The
 * Status is the cause.
 */
export function tokenRequestError(
  httpStatus: number,
  body: unknown,
  account: ServiceAccountReference,
  intent: TokenIntent,
): CountersignError {
  const status = decodeStatus(httpStatus, body);
  const { code, cure } = explain(status);
  const said = status.message || status.reason || "no explanation";
  return new CountersignError(
    code,
    `token for ServiceAccount ${account.namespace}/${account.name}: the API server says: ${said} (${httpStatus}): ${cure({ status, account, intent })}`,
    { cause: status },
  );
}

function explain({ code, message = "", details }: Status): Explanation {
  switch (code) {
    case 400:
      return message.includes("cannot bind token to object of type") ? gateOff : invalid;
    case 403:
      if (details?.kind === "admissionReviewAPIGroups" || message.includes(" cannot attest resource "))
        return attestMissing;
      return message.endsWith("token request denied") ? denied : forbidden;
    case 404:
      return notFound;
    case 409:
      return conflict;
    case 422:
      return invalid;
    default:
      return other;
  }
}

function groupOf(intent: TokenIntent): string {
  return intent.mode === "attested" ? intent.apiGroup : "*";
}
