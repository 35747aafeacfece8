import { stringify } from "yaml";
import { copyJSON, encodeLossless } from "../admission/json-encoder.ts";
import { applyJSONPatch } from "../admission/json-patch.ts";
import type { JSONValue } from "../admission/json-value.ts";
import { errorMessageOf } from "../errors.ts";
import { lineDiff } from "./line-diff.ts";

/** What was sent: as it was, but for secrets. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: JSONValue;
}

/** What one webhook has to do with the request, and what came of it. */
export interface CallReport {
  readonly webhook: string;
  readonly outcome: "allowed" | "denied" | "failed" | "notCalled";
  /** Whether the request goes on. */
  readonly allowed: boolean;
  /** Why an API server does not call it, even where it was called all the same; what failed. */
  readonly why?: string;
  readonly httpStatus?: number;
  readonly code?: number;
  readonly message?: string;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
  readonly patch?: JSONValue;
  readonly credentials: readonly string[];
  /** Why a token that was asked for did not go along. */
  readonly tokenError?: string;
  readonly request?: SentRequest;
}

/** A report, and the object that its patch changes. */
export interface ReportedCall {
  readonly report: CallReport;
  readonly object: JSONValue | undefined;
}

export interface ReportFormat {
  readonly output: "table" | "json" | "yaml";
  /** In a table; json and yaml have it anyway. */
  readonly showRequest: boolean;
}

/** The reports in the order of the webhooks, as `-o` wants them. */
export function formatCallReports(calls: readonly ReportedCall[], format: ReportFormat): string {
  const webhooks = calls.map(({ report }) => report);
  const all = copyJSON({ allowed: webhooks.every(({ allowed }) => allowed), webhooks });
  if (format.output === "json") return `${encodeLossless(all)}\n`;
  if (format.output === "yaml") return stringify(all);
  return calls.map((call) => formatTable(call, format)).join("\n");
}

type Row = readonly [name: string, value: string];

function formatTable({ report, object }: ReportedCall, { showRequest }: ReportFormat): string {
  const { credentials, httpStatus, tokenError, patch, request } = report;
  const rows: readonly Row[] = [
    ["WEBHOOK", report.webhook],
    ["VERDICT", verdictText(report)],
    ...(report.outcome !== "notCalled" && report.outcome !== "failed" && report.why !== undefined
      ? [["BUT", `an API server would not call it: ${report.why}`] as const]
      : []),
    ...(httpStatus === undefined ? [] : [["HTTP", String(httpStatus)] as const]),
    ...(report.outcome === "notCalled" ? [] : [["CREDENTIALS", credentials.join(", ") || "none"] as const]),
    ...(tokenError === undefined ? [] : [["NO TOKEN", tokenError] as const]),
    ...report.warnings.map((warning) => ["WARNING", warning] as const),
    ...Object.entries(report.auditAnnotations).map(([key, value]) => ["AUDIT", `${key}: ${value}`] as const),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 3;
  const lines = [
    ...rows.map(([name, value]) => `${name.padEnd(width)}${value}`),
    ...patchLines(object, patch),
    ...(showRequest && request !== undefined ? requestLines(request) : []),
  ];
  return `${lines.join("\n")}\n`;
}

function verdictText({ outcome, allowed, code, message, why = "" }: CallReport): string {
  if (outcome === "notCalled") return allowed ? `not called: ${why}` : `refused without a call: ${why}`;
  if (outcome === "failed")
    return allowed ? `failed, which its failurePolicy ignores: ${why}` : `failed: ${why}`;
  const explanation = message === undefined ? "" : `: ${message}`;
  return `${outcome}${code === undefined ? "" : ` (${code})`}${explanation}`;
}

function requestLines({ method, url, headers, body }: SentRequest): readonly string[] {
  return [
    "REQUEST",
    `  ${method} ${url}`,
    ...headers.map(([name, value]) => `  ${name}: ${value}`),
    ...indented(yamlOf(body)),
  ];
}

function patchLines(object: JSONValue | undefined, patch: JSONValue | undefined): readonly string[] {
  if (patch === undefined) return [];
  try {
    const patched = applyJSONPatch(object ?? null, patch);
    const changes = lineDiff(yamlOf(object), yamlOf(patched));
    return changes.length === 0 ? ["PATCH changes nothing"] : ["PATCH", ...changes];
  } catch (error) {
    return [`PATCH does not apply: ${errorMessageOf(error)}`];
  }
}

function indented(text: string): string[] {
  return ["", ...text.split("\n")].map((line) => (line === "" ? "" : `  ${line}`));
}

function yamlOf(object: JSONValue | undefined): string {
  return stringify(object ?? null).trimEnd();
}
