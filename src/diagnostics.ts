import { type Channel, channel } from "node:diagnostics_channel";
import type {
  ClientCertificateMessage,
  KeysMessage,
  ReviewMessage,
  TokenCacheMessage,
  TokenFetchMessage,
} from "./diagnostics/caller-messages.ts";
import type {
  KubeletCertificateMessage,
  KubeletMessage,
  PodLogsMessage,
  PodLogsTLSFailureMessage,
} from "./diagnostics/kubelet-messages.ts";
import type {
  APIRequestMessage,
  PolicyMessage,
  RefusalMessage,
  RequestMessage,
} from "./diagnostics/request-messages.ts";
import type {
  ConfigurationMessage,
  ManifestsMessage,
  ReloadMessage,
  WatchMessage,
} from "./diagnostics/source-messages.ts";
import type { RuntimeMessage, SelfSignedMessage, TracesMessage } from "./diagnostics/upkeep-messages.ts";
import type {
  AnnotationMessage,
  CertificateMessage,
  DispatchMessage,
  ExclusionMessage,
  MatchConditionsMessage,
  TokenLookupMessage,
  TokenMessage,
  WebhookMessage,
} from "./diagnostics/webhook-messages.ts";

export type * from "./diagnostics/caller-messages.ts";
export type * from "./diagnostics/kubelet-messages.ts";
export type * from "./diagnostics/request-messages.ts";
export type * from "./diagnostics/source-messages.ts";
export type * from "./diagnostics/upkeep-messages.ts";
export type * from "./diagnostics/webhook-messages.ts";

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
