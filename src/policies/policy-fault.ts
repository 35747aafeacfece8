import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { CountersignError, errorMessageOf } from "../errors.ts";
import type { PolicySources } from "./policy-module.ts";

/** Where in a policy something is wrong. */
interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * What went wrong while a policy was loaded, with the file and line where it did. `realFile` is where the policy's file
 * really lies, behind the symlinks of a ConfigMap: its places are shown under the name the user gave.
 */
export function policyFault(
  file: string,
  realFile: string,
  sources: PolicySources,
  error: unknown,
): CountersignError {
  const message = errorMessageOf(error);
  const place = placeOf(error) ?? placeOfImport(message) ?? placeOfSyntax(error, sources);
  const shown = place === undefined || place.file === realFile ? file : place.file;
  const where = place === undefined ? shown : `${shown}:${place.line}`;
  return new CountersignError("ERR_POLICY_INVALID", `${where}: ${message}${adviceOn(error)}`, {
    cause: error,
  });
}

/** Node puts `FILE:LINE` into the first line of the stack where a text does not parse, and into a frame where code throws. */
function placeOf(error: unknown): Place | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const match =
    /^(file:[^\s?]+)\?\S+:(\d+)$/m.exec(stack) ??
    /(file:[^\s?(]+)\?countersign-policy=[^:\s]+:(\d+)/.exec(stack);
  return match === null ? undefined : { file: fileURLToPath(match[1]!), line: Number(match[2]) };
}

/** An import that leads nowhere is reported with the importing file and without the line. */
function placeOfImport(message: string): Place | undefined {
  const match = /^Cannot find (?:module|package) '([^']+)' imported from (.+)$/.exec(message);
  if (match === null) return undefined;
  const [, wanted, file] = match as unknown as [string, string, string];
  const lines = readFileSync(file, "utf8").split("\n");
  const index = lines.findIndex((line) => line.includes(basename(wanted)));
  return index < 0 ? undefined : { file, line: index + 1 };
}

/** V8 keeps the place of a JavaScript syntax error to itself; the parser that strips types tells. */
function placeOfSyntax(error: unknown, sources: PolicySources): Place | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  for (const file of sources.keys())
    try {
      stripTypeScriptTypes(readFileSync(file, "utf8"));
    } catch (fault) {
      const line = /^:(\d+)$/m.exec((fault as Error).stack ?? "");
      if (line !== null) return { file, line: Number(line[1]) };
    }
  return undefined;
}

function adviceOn(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") return "";
  return ": types are stripped, not compiled, so nothing that leaves code behind can be used (enum, namespace, parameter properties)";
}
