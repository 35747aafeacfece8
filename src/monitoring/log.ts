import type { Logger } from "pino";
import type { DiagnosticsMessages } from "../diagnostics.ts";
import { subscribeAll } from "./diagnostics-subscription.ts";

/** From the most to say to nothing. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

/** How much is said, and where. */
export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Where the lines go. */
  readonly destination: { write(line: string): unknown };
}

/** JSON lines, one for each thing an operator may want to know. */
export interface Log {
  write(
    level: Exclude<LogLevel, "silent">,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void;
  /** From now on. */
  setLevel(level: LogLevel): void;
  /** Resolves when what was written has been handed to the destination. */
  flush(): Promise<void>;
  close(): void;
}

/**
 * Writes by pino what is published on the diagnostics channels. pino is loaded with the first line that is wanted: no
 * start waits for it. `caller` is who called, `user` who made the request: that under review, or the one as whom the caller acts.
 */
export function createLog({ level = "info", destination }: LogOptions): Log {
  let current = level;
  let threshold = severity[level];
  let logger: Promise<Logger> | undefined;
  let loaded: Logger | undefined;
  const load = async (): Promise<Logger> => {
    const { pino, stdTimeFunctions } = await import("pino");
    loaded = pino(
      {
        level: current,
        base: null,
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      destination,
    );
    return loaded;
  };
  const write: Log["write"] = (at, message, fields = {}) => {
    if (severity[at] < threshold) return;
    if (loaded !== undefined) return loaded[at](fields, message);
    logger ??= load();
    // lines keep their order: callbacks of one promise run as they were added
    void logger.then((ready) => ready[at](fields, message));
  };
  const unsubscribe = subscribeAll(listeners(write, () => threshold <= severity.debug));
  return {
    write,
    setLevel(changed) {
      current = changed;
      threshold = severity[changed];
      if (loaded !== undefined) loaded.level = changed;
    },
    async flush() {
      await logger;
    },
    close: unsubscribe,
  };
}

const severity: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: Number.POSITIVE_INFINITY,
};

type Messages = DiagnosticsMessages;

/** What is worth which level. */
function listeners(write: Log["write"], debugging: () => boolean) {
  return {
    "countersign:request"(message: Messages["countersign:request"]) {
      // every request passes here: nothing is copied for a line that is not written
      if (message.allowed && !debugging()) return;
      const { allowed, ...fields } = message;
      if (allowed) write("debug", "allowed", fields);
      else write("info", "denied", fields);
    },
    "countersign:apiRequest": (fields: Messages["countersign:apiRequest"]) =>
      write(fields.code >= 500 ? "warn" : "info", "request", { ...fields }),
    "countersign:kubelet"(fields: Messages["countersign:kubelet"]) {
      if (fields.outcome === "failed") write("warn", "kubelet not reached", { ...fields });
      else if (debugging()) write("debug", "kubelet answered", { ...fields });
    },
    "countersign:kubeletCertificate"(fields: Messages["countersign:kubeletCertificate"]) {
      if (fields.status === "failure") write("warn", "a kubelet's certificate is another's", { ...fields });
    },
    "countersign:refusal": (fields: Messages["countersign:refusal"]) =>
      write("warn", fields.outcome === "refused" ? "refused" : "would have been refused", { ...fields }),
    "countersign:policy"(fields: Messages["countersign:policy"]) {
      if (fields.outcome === "failed") write("error", "policy failed", { ...fields });
      else if (debugging()) write("debug", `policy ${fields.outcome}`, { ...fields });
    },
    "countersign:keys": (fields: Messages["countersign:keys"]) =>
      write(fields.outcome === "failed" ? "warn" : "info", `issuer keys ${fields.outcome}`, { ...fields }),
    "countersign:reload"(fields: Messages["countersign:reload"]) {
      if (fields.outcome === "failed")
        write("error", "reload failed, the last good value stays in use", { ...fields });
      else write(fields.outcome === "reloaded" ? "info" : "debug", fields.outcome, { ...fields });
    },
    "countersign:selfSigned": (fields: Messages["countersign:selfSigned"]) =>
      write(selfSignedLevel(fields), selfSignedLines[fields.outcome], { ...fields }),
    "countersign:token": (fields: Messages["countersign:token"]) =>
      fields.outcome === "failed"
        ? write("warn", "token request failed", { ...fields })
        : write("debug", "token minted", { ...fields }),
    "countersign:watch": (fields: Messages["countersign:watch"]) =>
      write(fields.outcome === "failed" ? "warn" : "debug", `watch ${fields.outcome}`, { ...fields }),
    "countersign:configuration": (fields: Messages["countersign:configuration"]) =>
      write("warn", "a webhook configuration cannot be carried out", { ...fields }),
    "countersign:webhook": (message: Messages["countersign:webhook"]) =>
      writeCall(write, message, debugging()),
    "countersign:annotation": (fields: Messages["countersign:annotation"]) =>
      write("warn", "an audit annotation of a webhook's was dropped", { ...fields }),
    "countersign:manifests"(fields: Messages["countersign:manifests"]) {
      // one message for each plugin: a failure is told once, as that of a reload or by whoever loads them first
      if (fields.status === "success") write("debug", "manifests read", { ...fields });
    },
    "countersign:runtime": (fields: Messages["countersign:runtime"]) =>
      write("warn", "runtime fault avoided", { ...fields }),
  };
}

/** A call of a webhook: one that failed is an operator's, one that denied is somebody's whose request it was. */
function writeCall(write: Log["write"], message: Messages["countersign:webhook"], debugging: boolean): void {
  const { errorType, failedOpen, detail } = message;
  const failed = failedOpen || (errorType !== undefined && errorType !== "no_error");
  // every call passes here: nothing is copied for a line that is not written
  if (!failed && errorType === undefined && !debugging) return;
  const fields = { ...message, ...(detail === undefined ? {} : { detail: withoutTokens(detail) }) };
  if (failed) write("warn", "webhook call failed", fields);
  else if (errorType === "no_error") write("info", "webhook denied", fields);
  else write("debug", detail === undefined ? "webhook called" : "webhook call given up", fields);
}

/** A webhook says in words of its own what is wrong, and may repeat what it was shown. */
function withoutTokens(text: string): string {
  return text.replace(/\bey[\w-]+\.[\w-]+\.[\w-]*/g, "[redacted]");
}

const selfSignedLines: Readonly<Record<Messages["countersign:selfSigned"]["outcome"], string>> = {
  changed: "self-signed certificate changed",
  exchanged: "another self-signed certificate is served",
  published: "caBundle written",
  checked: "self-signed certificate checked",
  failed: "self-signed certificate could not be looked after, what is served stays",
};

function selfSignedLevel({ outcome, action }: Messages["countersign:selfSigned"]): "debug" | "info" | "warn" {
  if (outcome === "checked") return "debug";
  return outcome === "failed" || action === "recover" || action === "restore" ? "warn" : "info";
}
