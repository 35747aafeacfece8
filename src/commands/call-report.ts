import { stringify } from "yaml";
import { copyJSON, encodeLossless } from "../admission/json-encoder.ts";
import { applyJSONPatch } from "../admission/json-patch.ts";
import { parseLossless } from "../admission/json-runtime.ts";
import type { JSONValue } from "../admission/json-value.ts";
import { errorCodeOf } from "../errors.ts";
import type { WebhookAnswer } from "../webhook/client/webhook-client.ts";
import type { VerifiedResponse } from "../webhook/dispatch/admission-review.ts";
import { lineDiff } from "./line-diff.ts";

/** What came of a call. */
export interface CallReport {
  readonly webhook: string;
  readonly allowed: boolean;
  readonly httpStatus: number;
  readonly code?: number;
  readonly message?: string;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
  readonly patch?: JSONValue;
  readonly credentials: readonly string[];
  /** Why a token that was asked for did not go along. */
  readonly tokenError?: string;
}

export function createCallReport(
  webhook: string,
  { httpStatus, credentials, tokenError }: WebhookAnswer,
  { allowed, status, warnings, auditAnnotations, patch }: VerifiedResponse,
): CallReport {
  const { code, message, reason } = status ?? {};
  const text = message || reason;
  return {
    webhook,
    allowed,
    httpStatus,
    ...(code ? { code } : {}),
    ...(text ? { message: text } : {}),
    warnings,
    auditAnnotations,
    ...(patch === "" ? {} : { patch: parseLossless(Buffer.from(patch, "base64").toString("utf8")) }),
    credentials,
    ...(tokenError === undefined ? {} : { tokenError: `${errorCodeOf(tokenError)}: ${textOf(tokenError)}` }),
  };
}

/** The report as `-o` wants it; `object` is what a patch changes. */
export function formatCallReport(
  report: CallReport,
  object: JSONValue | undefined,
  output: "table" | "json" | "yaml",
): string {
  if (output === "json") return `${encodeLossless(copyJSON(report))}\n`;
  if (output === "yaml") return stringify(report);
  const { allowed, httpStatus, code, message, warnings, credentials, tokenError, patch } = report;
  const explanation = message === undefined ? "" : `: ${message}`;
  const rows: readonly (readonly [string, string])[] = [
    ["WEBHOOK", report.webhook],
    ["VERDICT", `${allowed ? "allowed" : "denied"}${code === undefined ? "" : ` (${code})`}${explanation}`],
    ["HTTP", String(httpStatus)],
    ["CREDENTIALS", credentials.join(", ") || "none"],
    ...(tokenError === undefined ? [] : [["NO TOKEN", tokenError] as const]),
    ...warnings.map((warning) => ["WARNING", warning] as const),
    ...Object.entries(report.auditAnnotations).map(([key, value]) => ["AUDIT", `${key}: ${value}`] as const),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 3;
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}${value}`);
  return `${[...lines, ...patchLines(object, patch)].join("\n")}\n`;
}

function patchLines(object: JSONValue | undefined, patch: JSONValue | undefined): readonly string[] {
  if (patch === undefined) return [];
  try {
    const patched = applyJSONPatch(object ?? null, patch);
    const changes = lineDiff(yamlOf(object), yamlOf(patched));
    return changes.length === 0 ? ["PATCH changes nothing"] : ["PATCH", ...changes];
  } catch (error) {
    return [`PATCH does not apply: ${textOf(error)}`];
  }
}

function yamlOf(object: JSONValue | undefined): string {
  return stringify(object ?? null).trimEnd();
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
