import { type Channel, channel } from "node:diagnostics_channel";

/**
 * All telemetry starts here: rooms publish, `server/` turns what is published into logs and metrics. No message holds a
 * token, a key or a header. Publishing costs one test where nobody listens.
 */
export interface DiagnosticsMessages {
  /** A webhook request was answered. */
  "countersign:request": RequestMessage;
  /** A review was refused before any policy saw it, or in observe mode would have been: its caller, or itself. */
  "countersign:refusal": RefusalMessage;
  /** A policy answered, threw or passed its deadline. */
  "countersign:policy": PolicyMessage;
  /** An issuer's keys were fetched, or could not be. */
  "countersign:keys": KeysMessage;
  /** A file was read again: certificate, CA, policy, configuration. */
  "countersign:reload": ReloadMessage;
  /** A token was asked for from an API server. */
  "countersign:token": TokenMessage;
  /** A webhook was called. */
  "countersign:webhook": WebhookMessage;
  /** This Node has a fault that we go around, at a cost. Published once. */
  "countersign:runtime": RuntimeMessage;
}

export interface RequestMessage {
  readonly path: string;
  readonly mode: "off" | "observe" | "enforce";
  readonly operation?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** The review's uid. */
  readonly uid?: string;
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

export interface RefusalMessage {
  readonly path: string;
  /** `wouldRefuse` in observe mode. */
  readonly outcome: "refused" | "wouldRefuse";
  readonly mode: "off" | "observe" | "enforce";
  readonly code: string;
  /** For the log, never for the caller. */
  readonly detail: string;
  readonly uid?: string;
  /** The address the request came from. */
  readonly peer?: string;
}

export interface PolicyMessage {
  readonly path: string;
  readonly policy: string;
  readonly outcome: "allowed" | "denied" | "failed" | "unmatched";
  readonly code?: string;
  readonly detail?: string;
  readonly durationMs: number;
}

export interface KeysMessage {
  readonly issuer: string;
  readonly outcome: "fetched" | "failed";
  readonly keys?: number;
  readonly detail?: string;
}

export interface ReloadMessage {
  readonly what: "certificate" | "clientCA" | "policy" | "configuration" | "keys";
  readonly file: string;
  readonly outcome: "reloaded" | "failed";
  readonly detail?: string;
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
  readonly operation: string;
  readonly type: "validating" | "admit";
  readonly code: number;
  readonly rejected: boolean;
  readonly failedOpen: boolean;
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
