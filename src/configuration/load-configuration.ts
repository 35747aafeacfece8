import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type core, safeParse } from "zod/mini";
import { CountersignError } from "../errors.ts";
import { configurationError, type LocatedFault } from "./configuration-error.ts";
import { type ConfigurationFault, faultsOf } from "./faults.ts";
import { faultsOfOtherKind } from "./other-kind.ts";
import { parseYamlDocument, type YamlDocument } from "./yaml-document.ts";

// a thousand routes of a kilobyte each
const maxFileBytes = 1024 * 1024;

export interface ConfigurationSource {
  /** What errors call the text. */
  readonly file: string;
  /** Where relative paths begin. */
  readonly directory: string;
}

/**
 * Reads a configuration file of the schema's kind, YAML or JSON. Relative paths in it become absolute, seen from the file.
 * @throws ERR_CONFIGURATION with every fault there is, each with file, line, column and field.
 */
export async function loadConfiguration<Schema extends core.$ZodType>(
  file: string,
  schema: Schema,
): Promise<core.output<Schema>> {
  const absolute = resolve(file);
  return parseConfiguration(await readText(absolute), { file, directory: dirname(absolute) }, schema);
}

/** The same for a text that has been read. */
export function parseConfiguration<Schema extends core.$ZodType>(
  text: string,
  source: ConfigurationSource,
  schema: Schema,
): core.output<Schema> {
  const document = parseYamlDocument(text);
  const syntax = document.faults.map((fault) => ({ ...fault, field: "" }));
  if (document.value === undefined) throw configurationError(locate(syntax, source));
  const { data, issues } = validateDocument(document, schema);
  const faults = [...syntax, ...faultsOfOtherKind(faultsOf(issues, document, schema), document.value)];
  if (data === undefined || faults.length > 0) throw configurationError(locate(faults, source));
  return resolvePaths(data, source.directory);
}

function locate(faults: readonly ConfigurationFault[], { file }: ConfigurationSource): LocatedFault[] {
  return faults.map((fault) => ({ ...fault, file }));
}

export interface Validated<T> {
  readonly data?: T;
  readonly issues: readonly core.$ZodIssue[];
}

/** An unknown field must not hide what else is wrong beside it, so the rest is judged without. */
export function validateDocument<Schema extends core.$ZodType>(
  document: Pick<YamlDocument, "value">,
  schema: Schema,
): Validated<core.output<Schema>> {
  const first = safeParse(schema, document.value);
  if (first.success) return { data: first.data, issues: [] };
  const unknown = first.error.issues.filter(({ code }) => code === "unrecognized_keys");
  if (unknown.length === 0) return { issues: first.error.issues };
  const rest = safeParse(schema, withoutFields(document.value, unknown));
  return { issues: [...unknown, ...(rest.error?.issues ?? [])] };
}

function withoutFields(value: unknown, unknown: readonly core.$ZodIssue[]): unknown {
  const copy = structuredClone(value);
  for (const issue of unknown) {
    const holder = issue.path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown>)[part], copy);
    if (issue.code === "unrecognized_keys")
      for (const key of issue.keys) Reflect.deleteProperty(holder as object, key);
  }
  return copy;
}

/** Fields named `file` or `socket` or ending in `File` hold paths, in every kind of configuration. */
function resolvePaths<T>(value: T, directory: string): T {
  if (Array.isArray(value)) return value.map((item) => resolvePaths(item, directory)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => [
    key,
    typeof field === "string" && /^(?:file|socket)$|File$/.test(key)
      ? resolve(directory, field)
      : resolvePaths(field, directory),
  ]);
  return Object.fromEntries(entries) as T;
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new CountersignError("ERR_CONFIGURATION", `cannot read ${file}: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (bytes.length > maxFileBytes)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      `${file} is larger than ${maxFileBytes} bytes: no configuration is`,
    );
  return bytes.toString("utf8");
}
