import { type Channel, channel } from "node:diagnostics_channel";

/**
 * All telemetry starts here: rooms publish, `server/` turns what is published into logs and metrics. No message holds a
 * token, a key or a header. Publishing costs one test where nobody listens.
 */
export interface DiagnosticsMessages {
  /** A webhook request was answered. */
  "countersign:request": RequestMessage;
  /** A request to a server that speaks as an API server was answered, or its client went away. */
  "countersign:apiRequest": APIRequestMessage;
  /** A review was refused before any policy saw it, or in observe mode would have been: its caller, or itself. */
  "countersign:refusal": RefusalMessage;
  /** A policy answered, threw or passed its deadline. */
  "countersign:policy": PolicyMessage;
  /** An issuer's keys were fetched, or could not be. */
  "countersign:keys": KeysMessage;
  /** A file was read again: certificate, CA, policy, configuration. */
  "countersign:reload": ReloadMessage;
  /** The CA and certificate that a server makes for itself were looked after. */
  "countersign:selfSigned": SelfSignedMessage;
  /** Spans were sent to the collector, or could not be. */
  "countersign:traces": TracesMessage;
  /** A folder of static manifests was read, or could not be: the first time, and whenever it changed. */
  "countersign:manifests": ManifestsMessage;
  /** A collection of an API server's was listed or is being watched, or could not be. */
  "countersign:watch": WatchMessage;
  /** A webhook configuration cannot be carried out as it says: calls of its webhooks fail. */
  "countersign:configuration": ConfigurationMessage;
  /** A token was asked for from an API server. */
  "countersign:token": TokenMessage;
  /** A webhook was called. */
  "countersign:webhook": WebhookMessage;
  /** A webhook's match conditions were evaluated for a request. */
  "countersign:matchConditions": MatchConditionsMessage;
  /** A webhook was left out because of its match conditions. */
  "countersign:exclusion": ExclusionMessage;
  /** All webhooks of one kind have had their say on a request. */
  "countersign:dispatch": DispatchMessage;
  /** An audit annotation of a webhook's was dropped. */
  "countersign:annotation": AnnotationMessage;
  /** A requested token was looked up for a call. */
  "countersign:tokenLookup": TokenLookupMessage;
  /** It was looked up whose a caller's bearer token is. */
  "countersign:tokenCache": TokenCacheMessage;
  /** What was not remembered of a bearer token is being found out. */
  "countersign:tokenFetch": TokenFetchMessage;
  /** An API server was asked for a review: once for each attempt. */
  "countersign:review": ReviewMessage;
  /** A request came with a client certificate. */
  "countersign:clientCertificate": ClientCertificateMessage;
  /** A webhook's certificate is of a kind that API servers refuse, or will. Once a connection. */
  "countersign:x509": CertificateMessage;
  /** A pod's log was asked for. */
  "countersign:podLogs": PodLogsMessage;
  /** A pod's log was not read because its kubelet's certificate does not verify. */
  "countersign:podLogsTLSFailure": PodLogsTLSFailureMessage;
  /** A kubelet's certificate, which verifies, was compared with its node's name. Once a connection. */
  "countersign:kubeletCertificate": KubeletCertificateMessage;
  /** A kubelet was asked something. */
  "countersign:kubelet": KubeletMessage;
  /** This Node has a fault that we go around, at a cost. Published once. */
  "countersign:runtime": RuntimeMessage;
}

/** What ties the messages and spans of one request together. */
export interface RequestIdentity {
  /** Ours, made up for this request. */
  readonly requestId?: string;
  /** The review's uid: an API server makes one up for each call. */
  readonly uid?: string;
  /** The `Audit-ID` that the caller sent along; kube-apiserver sends none to webhooks. */
  readonly auditId?: string;
  /** The caller's trace, its span, and whether it is recorded, by its `traceparent`. */
  readonly traceId?: string;
  readonly parentId?: string;
  readonly sampled?: boolean;
}

export interface RequestMessage extends RequestIdentity {
  readonly path: string;
  readonly mode: "off" | "observe" | "enforce";
  readonly operation?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Who called the webhook. */
  readonly caller?: string;
  readonly method?: string;
  /** Who made the request that is being reviewed. */
  readonly user?: string;
  readonly allowed: boolean;
  readonly code: number;
  /** The error code, where a refusal came before any policy. */
  readonly refusal?: string;
  readonly durationMs: number;
}

export interface APIRequestMessage extends Omit<RequestIdentity, "uid"> {
  readonly httpMethod: string;
  /** Without its query, cut at 256 characters. */
  readonly path: string;
  /** As it was authorized; these are absent where the request was refused before, and empty for a path that is no resource. */
  readonly verb?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Whose connection and credential it is. */
  readonly caller?: string;
  /** How the caller proved it. */
  readonly method?: string;
  /** As whom the request is made: the caller, or whom it impersonates. */
  readonly user?: string;
  /** The node that was reached for it. */
  readonly node?: string;
  /** Of the answer; 499 where the client went away before there was one. */
  readonly code: number;
  /** The answer ended before its end: the client went away, or what it came from broke off. */
  readonly cut: boolean;
  /** The error code, where there was no better answer. */
  readonly refusal?: string;
  /** For the log, never for the caller. */
  readonly detail?: string;
  /** The address the request came from. */
  readonly peer?: string;
  readonly durationMs: number;
}

export interface RefusalMessage extends RequestIdentity {
  readonly path: string;
  /** `wouldRefuse` in observe mode. */
  readonly outcome: "refused" | "wouldRefuse";
  readonly mode: "off" | "observe" | "enforce";
  readonly code: string;
  /** For the log, never for the caller. */
  readonly detail: string;
  /** Who called the webhook, where that is known: refused for what was shown, not for who showed it. */
  readonly caller?: string;
  /** The address the request came from. */
  readonly peer?: string;
}

export interface PolicyMessage {
  readonly path: string;
  readonly policy: string;
  /** The review's. */
  readonly uid?: string;
  readonly outcome: "allowed" | "denied" | "failed" | "unmatched";
  readonly code?: string;
  readonly detail?: string;
  readonly durationMs: number;
}

export interface TracesMessage {
  readonly outcome: "exported" | "failed";
  readonly spans: number;
  readonly detail?: string;
}

export interface KeysMessage {
  readonly issuer: string;
  readonly outcome: "fetched" | "failed";
  readonly keys?: number;
  readonly detail?: string;
}

export interface ReloadMessage {
  readonly what:
    | "certificate"
    | "clientCA"
    | "policy"
    | "configuration"
    | "keys"
    | "manifests"
    | "kubeconfig"
    | "kubeletCertificate"
    | "kubeletCA";
  readonly file: string;
  /** `dropped`: one that failed is followed no more, as nothing names it any longer. */
  readonly outcome: "reloaded" | "failed" | "dropped";
  readonly detail?: string;
}

export interface SelfSignedMessage {
  /** `NAMESPACE/NAME` of the Secret that keeps them. */
  readonly secret: string;
  /**
   * `changed`: a step was taken, in the Secret. `exchanged`: another certificate is served. `published`: a webhook
   * configuration's caBundle was written. `checked`: all is as it has to be.
   */
  readonly outcome: "changed" | "exchanged" | "published" | "checked" | "failed";
  readonly action?: SelfSignedAction;
  /** `Kind/name`. */
  readonly configuration?: string;
  readonly code?: string;
  readonly detail?: string;
}

/** `recover`: something was damaged or not valid at all, and was made anew at once. */
export type SelfSignedAction =
  | "create"
  | "recover"
  | "restore"
  | "trust"
  | "sign"
  | "announce"
  | "notePublished"
  | "promote"
  | "retire";

export interface ManifestsMessage {
  readonly directory: string;
  /** The admission plugin that reads such a folder in kube-apiserver: one message for each kind that is read. */
  readonly plugin: "ValidatingAdmissionWebhook" | "MutatingAdmissionWebhook";
  readonly status: "success" | "failure";
  /** Of the files that were read, in order; empty where there are none. Absent after a failure. */
  readonly hash?: string;
  readonly detail?: string;
}

export interface WatchMessage {
  /** The API server's address. */
  readonly server: string;
  /** Plural, as in its path. */
  readonly resource: string;
  readonly outcome: "listed" | "watching" | "failed";
  /** How many objects there are, after a list. */
  readonly objects?: number;
  readonly code?: string;
  readonly detail?: string;
}

export interface ConfigurationMessage {
  readonly kind: string;
  readonly name: string;
  readonly code: string;
  readonly detail: string;
}

export interface TokenMessage {
  readonly serviceAccount: string;
  readonly audience: string;
  readonly apiGroup?: string;
  readonly outcome: "minted" | "failed";
  readonly code?: string;
  readonly detail?: string;
  readonly durationMs: number;
}

export interface WebhookMessage {
  readonly webhook: string;
  readonly configuration: string;
  readonly operation: string;
  readonly type: "validating" | "admit";
  /** 200, the webhook's denial or HTTP status, 503 where there was none, 0 where it was no fault of the webhook's. */
  readonly code: number;
  /** Whether the request fails because of it. */
  readonly rejected: boolean;
  /** Whose fault that is; absent where it does not fail, or whoever asked gave up. */
  readonly errorType?: WebhookErrorType;
  /** It failed, and its failurePolicy is `Ignore`. */
  readonly failedOpen: boolean;
  /** What failed. */
  readonly detail?: string;
  readonly durationMs: number;
}

/** kube-apiserver's label: the webhook denied, it failed, or what it answered cannot be used. */
export type WebhookErrorType = "no_error" | "calling_webhook_error" | "apiserver_internal_error";

export interface MatchConditionsMessage {
  readonly webhook: string;
  readonly kind: "webhook";
  readonly type: "validating" | "admit";
  readonly operation: string;
  readonly outcome: "matches" | "excluded" | "failed";
  /** How many conditions could not be evaluated: also beside one that is false. */
  readonly errors: number;
  readonly durationMs: number;
}

export interface ExclusionMessage {
  readonly webhook: string;
  readonly type: "validating" | "admit";
  readonly operation: string;
}

export interface DispatchMessage {
  /** The admission plugin that does this in kube-apiserver. */
  readonly plugin: "ValidatingAdmissionWebhook" | "MutatingAdmissionWebhook";
  readonly operation: string;
  readonly rejected: boolean;
  readonly durationMs: number;
}

export interface AnnotationMessage {
  readonly webhook: string;
  readonly key: string;
  /** Its key is no qualified name, or there is another value under it. */
  readonly problem: "notQualified" | "conflicting";
}

export interface TokenLookupMessage {
  /** `miss`: it had to be asked for, or the call went without. */
  readonly outcome: "hit" | "miss";
}

export interface TokenCacheMessage {
  /** `miss`: it was not remembered, and somebody had to be asked. */
  readonly outcome: "hit" | "miss";
  readonly durationMs: number;
}

/** `blocked`: a caller waits for what is found out, until `unblocked`. */
export type TokenFetchMessage =
  | { readonly event: "started" | "blocked" | "unblocked" }
  /** `ok` also where the token is nobody's. */
  | { readonly event: "ended"; readonly outcome: "ok" | "error" };

export interface ReviewMessage {
  readonly review: "TokenReview" | "SubjectAccessReview";
  /** The API server's address. */
  readonly server: string;
  /** The HTTP status, or `<error>` where there was none. */
  readonly code: string;
  readonly durationMs: number;
}

export interface ClientCertificateMessage {
  /** How long it is valid yet; below 0 it has expired. Nobody has judged it so far. */
  readonly remainingMs: number;
}

export interface CertificateMessage {
  /** `host:port`, as the webhook is called. */
  readonly host: string;
  /** As kube-apiserver counts them: `apiserver_webhooks_x509_missing_san_total`, `…_insecure_sha1_total`. */
  readonly problem: "missingSAN" | "insecureSHA1";
}

export interface PodLogsMessage {
  readonly namespace: string;
  readonly pod: string;
  /** kube-apiserver's label; `skip_tls_denied`: the flag was refused by configuration or authorizer. */
  readonly usage: "enforce_tls" | "skip_tls_allowed" | "skip_tls_denied";
}

export interface PodLogsTLSFailureMessage {
  readonly node: string;
  readonly detail: string;
}

export interface KubeletCertificateMessage {
  readonly node: string;
  readonly status: "success" | "failure";
  /** Whether a failure ends the connection. */
  readonly enforced: boolean;
  readonly detail?: string;
}

export interface KubeletMessage {
  readonly node: string;
  readonly transport: "verified" | "insecure";
  readonly outcome: "answered" | "failed";
  /** The HTTP status, where there was an answer. */
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  /** Until the head of the answer. */
  readonly durationMs: number;
}

export interface RuntimeMessage {
  readonly problem: "wrongKeys";
  readonly detail: string;
}

/** The names of all channels there are. */
export type DiagnosticsChannel = keyof DiagnosticsMessages;

const channels = new Map<DiagnosticsChannel, Channel>();

/** The channel of that name, typed; the same object on every call. */
export function diagnosticsChannel<Name extends DiagnosticsChannel>(
  name: Name,
): Channel<unknown, DiagnosticsMessages[Name]> {
  let found = channels.get(name);
  if (found === undefined) {
    found = channel(name);
    channels.set(name, found);
  }
  return found as Channel<unknown, DiagnosticsMessages[Name]>;
}
