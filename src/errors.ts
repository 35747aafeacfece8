/**
 * The one table of what can go wrong. `status` is the HTTP status (and Status `code`) an API client is answered with,
 * `reason` the Status reason; what the user should do stands in `meaning`, which the README prints.
 */
export const errorCodes = {
  // who is calling: the caller sees one message for all of these, the code goes to logs, metrics and `verify`
  ERR_CREDENTIALS_MISSING: row(401, "Unauthorized", "no credential was presented"),
  ERR_AUTHORIZATION_DUPLICATE: row(
    401,
    "Unauthorized",
    "more than one Authorization header, or more than one token among WebSocket subprotocols, was sent",
  ),
  ERR_AUTHORIZATION_MALFORMED: row(
    401,
    "Unauthorized",
    "the Authorization header is not one Bearer token, or a WebSocket subprotocol holds none that can be read",
  ),
  ERR_TOKEN_MALFORMED: row(
    401,
    "Unauthorized",
    "the token is not a signed JWT of the shape an API server issues",
  ),
  ERR_TOKEN_ALGORITHM: row(
    401,
    "Unauthorized",
    "the token's algorithm is not allowed or does not fit the key",
  ),
  ERR_TOKEN_ISSUER: row(401, "Unauthorized", "the token was issued by somebody who is not configured"),
  ERR_TOKEN_AUDIENCE: row(401, "Unauthorized", "the token was minted for another audience"),
  ERR_TOKEN_EXPIRED: row(401, "Unauthorized", "the token has expired"),
  ERR_TOKEN_NOT_YET_VALID: row(
    401,
    "Unauthorized",
    "the token is not valid yet, or was issued in the future",
  ),
  ERR_TOKEN_LIFETIME: row(401, "Unauthorized", "the token lives longer than a webhook-bound token may"),
  ERR_TOKEN_KEY_UNKNOWN: row(401, "Unauthorized", "the issuer has no key of the token's `kid`"),
  ERR_TOKEN_SIGNATURE: row(401, "Unauthorized", "the token's signature does not verify"),
  ERR_TOKEN_BINDING: row(
    401,
    "Unauthorized",
    "the token is not bound to exactly one webhook configuration of the route's kind, name and uid",
  ),
  ERR_TOKEN_ATTESTATION: row(401, "Unauthorized", "the token does not attest exactly one API group"),
  ERR_TOKEN_UNACCEPTED: row(
    401,
    "Unauthorized",
    "the token is good but of a kind this route does not accept",
  ),
  ERR_TOKEN_REVIEW_REFUSED: row(
    401,
    "Unauthorized",
    "the API server did not authenticate the token for this audience",
  ),
  ERR_CALLER_UNNAMED: row(401, "Unauthorized", "the ServiceAccount is not one the route names"),
  ERR_CERTIFICATE_UNTRUSTED: row(
    401,
    "Unauthorized",
    "the client certificate does not verify against the route's CA",
  ),
  ERR_CERTIFICATE_UNNAMED: row(
    401,
    "Unauthorized",
    "the client certificate's name is not one the route names",
  ),
  ERR_ISSUER_UNAVAILABLE: row(
    401,
    "Unauthorized",
    "the issuer's keys cannot be had, so no token can be verified",
  ),
  ERR_TOKEN_REVIEW_UNAVAILABLE: row(
    401,
    "Unauthorized",
    "the API server could not be asked to review the token",
  ),
  // may this user do that
  ERR_IMPERSONATION: row(
    403,
    "Forbidden",
    "the request impersonates (`Impersonate-*`), which this server accepts from nobody, or not from this user",
  ),
  ERR_ACCESS_REVIEW_UNAVAILABLE: row(
    500,
    "InternalError",
    "the API server could not be asked whether a user may do something",
  ),
  ERR_ACCESS_DENIED: row(403, "Forbidden", "nobody who is asked allows the user to do this"),
  // requests to a server that speaks as an API server
  ERR_REQUEST_INVALID: row(400, "BadRequest", "the request is wrong: the message says what in it"),
  ERR_REQUEST_PATH: row(
    400,
    "BadRequest",
    "the request's path could be read in two ways (escapes, dot segments, empty segments), so nobody is asked about it",
  ),
  ERR_NOT_SERVED: row(404, "NotFound", "there is nothing at this path, or nothing of this name"),
  ERR_METHOD_NOT_SERVED: row(405, "MethodNotAllowed", "the path is not served for this HTTP method"),
  ERR_LOG_OPTIONS: row(422, "Invalid", "an option of pods/log is invalid: the message names it"),
  // kubelets
  ERR_KUBELET_ADDRESS: row(
    500,
    "InternalError",
    "the node gives no address and port that the gateway may dial: the message names the node and why",
  ),
  ERR_KUBELET_CERTIFICATE: row(
    500,
    "InternalError",
    "the kubelet's serving certificate does not verify, or is another node's (503 at a node's paths)",
  ),
  ERR_KUBELET_UNREACHABLE: row(
    500,
    "InternalError",
    "the kubelet could not be reached, or did not answer in time (503 at a node's paths)",
  ),
  ERR_KUBELET_ANSWER: row(
    500,
    "InternalError",
    "the kubelet refused the gateway, redirected it, or answered with an error: the message says what",
  ),
  // may this caller show us this review
  ERR_GROUP_NOT_ATTESTED: row(
    403,
    "Forbidden",
    "the token attests another API group than the review's resource",
  ),
  ERR_GROUP_INCONSISTENT: row(
    403,
    "Forbidden",
    "the review's groups contradict one another, so a policy would judge another object than the one reviewed",
  ),
  // the review itself
  ERR_REVIEW_METHOD: row(405, "MethodNotAllowed", "a review is sent by POST"),
  ERR_REVIEW_TOO_LARGE: row(413, "RequestEntityTooLarge", "the request body exceeds the limit of 7 MiB"),
  ERR_REVIEW_TRUNCATED: row(400, "BadRequest", "the request body ended early or was not sent in time"),
  ERR_REVIEW_MEDIA_TYPE: row(
    415,
    "UnsupportedMediaType",
    "the request body must be application/json without a content encoding",
  ),
  ERR_REVIEW_MALFORMED: row(
    400,
    "BadRequest",
    "the request body is not an AdmissionReview: the message names the field",
  ),
  ERR_REVIEW_DUPLICATE_MEMBER: row(
    400,
    "BadRequest",
    "a member of the review's envelope stands twice, or differs from a known name only by case",
  ),
  ERR_REVIEW_VERSION: row(
    400,
    "BadRequest",
    "the AdmissionReview version is neither admission.k8s.io/v1 nor v1beta1",
  ),
  // policies
  ERR_POLICY_DENIED: row(403, "Forbidden", "a policy denied the request"),
  ERR_POLICY_NO_VERDICT: row(
    500,
    "InternalError",
    "a policy answered neither true nor false nor a denial: a forgotten `return`, most often",
  ),
  ERR_POLICY_THREW: row(500, "InternalError", "a policy threw an error instead of answering"),
  ERR_POLICY_DEADLINE: row(504, "Timeout", "a policy did not answer in time"),
  ERR_POLICY_INVALID: row(
    500,
    "InternalError",
    "a policy file cannot be loaded: the message names file and line",
  ),
  ERR_PATCH_INVALID: row(
    500,
    "InternalError",
    "a JSON patch cannot be made or applied: the message names the operation",
  ),
  // configuration and command line
  ERR_CONFIGURATION: row(
    500,
    "InternalError",
    "a configuration file is wrong: the message names file, line and field",
  ),
  ERR_USAGE: row(500, "InternalError", "the command line is wrong: the message names the flag"),
  ERR_KUBECONFIG: row(
    500,
    "InternalError",
    "the kubeconfig cannot be used: the message names file and field",
  ),
  ERR_CERTIFICATE_INVALID: row(
    500,
    "InternalError",
    "a certificate, key or CA bundle cannot be used: the message names the file",
  ),
  ERR_CERTIFICATE_SECRET: row(
    500,
    "InternalError",
    "the Secret of `tls.selfSigned` holds something that this program did not write, and is left as it is: name another one, or empty it",
  ),
  ERR_UNSUPPORTED_RUNTIME: row(500, "InternalError", "this Node is older than the one this package needs"),
  ERR_INTERNAL: row(500, "InternalError", "a fault of ours: please report it"),
  // acquiring and presenting
  ERR_AUDIENCE: row(
    400,
    "BadRequest",
    "no audience can be built from the webhook's clientConfig: the message names the field",
  ),
  ERR_TRANSPORT: row(
    503,
    "ServiceUnavailable",
    "the API server or webhook could not be reached, or its answer not be read",
  ),
  ERR_TRANSPORT_TIMEOUT: row(504, "Timeout", "the API server or webhook did not answer in time"),
  ERR_API_STATUS: row(500, "InternalError", "the API server answered with an error Status"),
  ERR_TOKEN_REQUEST_GATE_OFF: row(
    400,
    "BadRequest",
    "the API server does not issue webhook-bound tokens: turn on its feature gate APIServerWebhookAuthenticationToken (1.37 or later)",
  ),
  ERR_TOKEN_REQUEST_ATTEST: row(
    403,
    "Forbidden",
    "the ServiceAccount lacks the verb `attest` on this API group: `countersign rbac` prints the grant",
  ),
  ERR_TOKEN_REQUEST_FORBIDDEN: row(
    403,
    "Forbidden",
    "the requester may not create serviceaccounts/token: `countersign rbac` prints the grant",
  ),
  ERR_TOKEN_REQUEST_DENIED: row(
    403,
    "Forbidden",
    "the webhook configuration does not exist, or no webhook in it matches both audience and group",
  ),
  ERR_TOKEN_REQUEST_CONFLICT: row(
    409,
    "Conflict",
    "the webhook configuration or ServiceAccount was replaced: its uid changed",
  ),
  ERR_TOKEN_REQUEST_NOT_FOUND: row(404, "NotFound", "the ServiceAccount does not exist"),
  ERR_TOKEN_REQUEST_INVALID: row(
    422,
    "Invalid",
    "the API server called the token request invalid: the message carries its causes",
  ),
  ERR_TOKEN_REQUEST_MISMATCH: row(
    500,
    "InternalError",
    "the token that came back is not the one that was asked for: an older API server drops what it does not know",
  ),
  ERR_TOKEN_EXPIRED_ON_ARRIVAL: row(
    500,
    "InternalError",
    "the token was already expired on our clock when it came: the clocks differ",
  ),
  ERR_WEBHOOKS_NOT_SYNCED: row(
    403,
    "Forbidden",
    "the webhook configurations have not been read yet, so no request can be admitted: wait with `ready`",
  ),
  ERR_TOKEN_REQUEST_INTERCEPTED: row(
    503,
    "ServiceUnavailable",
    "the webhook is called for the very request that would bring its token: exclude serviceaccounts/token by its rules or a matchCondition",
  ),
  ERR_AGENT: row(
    503,
    "ServiceUnavailable",
    "the agent gives no answer, or its socket is not private to this user",
  ),
  ERR_WEBHOOK_AMBIGUOUS: row(
    409,
    "Conflict",
    "several webhooks fit this host and port: give each Service port one configuration and path",
  ),
  ERR_WEBHOOK_NOT_FOUND: row(404, "NotFound", "no webhook configuration names this host and port"),
  ERR_MATCH_CONDITION: row(
    403,
    "Forbidden",
    "a webhook's match condition is no valid expression, or could not be evaluated: the message says which and why",
  ),
  ERR_WEBHOOK_CALL: row(500, "InternalError", "calling the webhook failed"),
  ERR_WEBHOOK_REJECTED: row(403, "Forbidden", "a webhook denied the request"),
} as const satisfies Record<string, ErrorRow>;

interface ErrorRow {
  readonly status: number;
  readonly reason: string;
  readonly meaning: string;
}

function row(status: number, reason: string, meaning: string): ErrorRow {
  return { status, reason, meaning };
}

/** A stable name for one kind of failure. */
export type ErrorCode = keyof typeof errorCodes;

/**
 * Every error a user can meet. The message says what failed, on which thing, and what to do; it never holds a token, a
 * key or an `Authorization` header.
 */
export class CountersignError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CountersignError";
    this.code = code;
  }

  /** The HTTP status an API client is answered with. */
  get status(): number {
    return errorCodes[this.code].status;
  }

  /** The Status reason an API client is answered with. */
  get reason(): string {
    return errorCodes[this.code].reason;
  }
}

/** The error's code, or ERR_INTERNAL where it is none of ours. */
export function errorCodeOf(error: unknown): ErrorCode {
  return error instanceof CountersignError ? error.code : "ERR_INTERNAL";
}

/** What an error says; whatever else was thrown, as text. */
export function errorMessageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
