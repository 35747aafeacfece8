import { stringify } from "yaml";
import type { Finding, Severity } from "../inspection/lint/finding.ts";

/** The findings as `-o` wants them; a table of nothing is empty. */
export function formatFindings(findings: readonly Finding[], output: "table" | "json" | "yaml"): string {
  if (output === "json") return `${JSON.stringify({ findings }, undefined, 2)}\n`;
  if (output === "yaml") return stringify({ findings });
  return findings.length === 0 ? "" : formatTable(findings);
}

/** `1 error, 2 warnings`, for whoever reads no table. */
export function summarizeFindings(findings: readonly Finding[]): string {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const plural = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return `${plural(count("error"), "error")}, ${plural(count("warning"), "warning")}, ${count("info")} to know`;
}

function formatTable(findings: readonly Finding[]): string {
  const rows = [["SEVERITY", "CODE", "WHERE", "OBJECT", "FIELD", "MESSAGE"], ...findings.map(cells)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
}

function cells({ severity, code, object, field, file, line, message }: Finding): string[] {
  const where = file === undefined ? "cluster" : line === undefined ? file : `${file}:${line}`;
  return [severity, code, where, object || "-", field || "-", message.replaceAll("\n", " ")];
}
