import type { core } from "zod/mini";
import { didYouMean } from "./nearest-name.ts";
import type { FieldPath, Position, YamlDocument } from "./yaml-document.ts";

/** One thing that is wrong in a configuration file, and where. */
export interface ConfigurationFault {
  readonly position: Position;
  /** As kubectl writes it, `webhooks[0].path`; empty for the file as a whole. */
  readonly field: string;
  readonly message: string;
}

/** `webhooks[0].authentication.mode` */
export function formatFieldPath(path: FieldPath): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${printable(part)}`))
    .join("")
    .replace(/^\./, "");
}

/** What the schema found, said in sentences, each at its line. */
export function faultsOf(
  issues: readonly core.$ZodIssue[],
  document: YamlDocument,
  schema: core.$ZodType,
): ConfigurationFault[] {
  return issues.flatMap(meantIssues).flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
    if (issue.code === "unrecognized_keys") return unknownFields(issue.keys, path, document, schema);
    if (issue.code === "invalid_key") {
      const message = issue.issues.map((fault) => describeIssue(fault, path.at(-1))).join("; ");
      return [{ position: document.positionOfKey(path), field: formatFieldPath(path), message }];
    }
    const message = describeIssue(issue, valueAt(document.value, path));
    return [{ position: document.positionOf(path), field: formatFieldPath(path), message }];
  });
}

/** Of a field that may be of several types: what is wrong with it as the one that was meant. */
function meantIssues(issue: core.$ZodIssue): readonly core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((issues) => !issues.some(isOfAnotherType));
  return meant?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

function isOfAnotherType({ code, path }: core.$ZodIssue): boolean {
  return code === "invalid_type" && path.length === 0;
}

function unknownFields(
  keys: readonly string[],
  path: FieldPath,
  document: YamlDocument,
  schema: core.$ZodType,
): ConfigurationFault[] {
  const known = fieldNames(schema, path);
  return keys.map((key) => ({
    position: document.positionOfKey([...path, key]),
    field: formatFieldPath([...path, key]),
    message: `unknown field${didYouMean(key, known)}`,
  }));
}

function describeIssue(issue: core.$ZodIssue, value: unknown): string {
  if (issue.code === "custom") return issue.message;
  // a schema may say of its own why
  if (value === undefined) return issue.message.startsWith("is required") ? issue.message : "is required";
  if (issue.code === "invalid_type") return `must be ${withArticle(issue.expected)}, not ${kindOf(value)}`;
  if (issue.code === "invalid_value") return describeChoice(issue.values, value);
  if (issue.code === "too_small" || issue.code === "too_big") return describeBound(issue);
  if (issue.code === "invalid_format") return describeFormat(issue, value);
  if (issue.code === "invalid_union")
    return `must be ${typesOf(issue).map(withArticle).join(" or ")}, not ${kindOf(value)}`;
  return "is not valid";
}

function typesOf({ errors }: core.$ZodIssueInvalidUnion): string[] {
  return errors.flatMap((issues) =>
    issues.map((issue) => (issue.code === "invalid_type" ? issue.expected : "")),
  );
}

function describeChoice(values: readonly core.util.Primitive[], value: unknown): string {
  const choices = values.map(String);
  const given = typeof value === "string" ? `"${printable(value)}"` : kindOf(value);
  const hint = typeof value === "string" && choices.length > 1 ? didYouMean(value, choices) : "";
  return `must be ${choices.length > 1 ? "one of " : ""}${choices.join(", ")}, not ${given}${hint}`;
}

function describeBound(issue: core.$ZodIssueTooSmall | core.$ZodIssueTooBig): string {
  const bound = issue.code === "too_small" ? issue.minimum : issue.maximum;
  const word = issue.code === "too_small" ? "at least" : "at most";
  if (issue.origin === "array")
    return bound === 1 ? "must not be empty" : `must hold ${word} ${bound} entries`;
  if (issue.origin === "string")
    return bound === 1 ? "must not be empty" : `must be ${word} ${bound} characters long`;
  return `must be ${word} ${bound}`;
}

const formatWords: Readonly<Record<string, string>> = {
  "^\\S+$": "must be a string without white space",
  "^[^/]+$": "must be a name without a slash",
};

function describeFormat(issue: core.$ZodIssueInvalidStringFormat, value: unknown): string {
  const pattern = (issue.pattern ?? "").replace(/^\/|\/[a-z]*$/g, "");
  if (pattern.includes("ns|us"))
    return `"${printable(String(value))}" is not a duration: write it as 10s, 2m or 1m30s`;
  return formatWords[pattern] ?? "must be a lower-case name of letters, digits, - and .";
}

/** Only enough of a value to find it by: whatever was pasted into the wrong field is not repeated. */
function printable(value: string): string {
  const visible = value.replace(/[^\x20-\x7e]/g, "?");
  return visible.length > 40 ? `${visible.slice(0, 12)}…` : visible;
}

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map of fields";
  return withArticle(typeof value);
}

function withArticle(type: string): string {
  const word =
    { int: "whole number", object: "map of fields", record: "map of fields", array: "list" }[type] ?? type;
  return `a ${word}`;
}

function valueAt(root: unknown, path: FieldPath): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

interface SchemaDefinition {
  readonly shape?: Readonly<Record<string, core.$ZodType>>;
  readonly element?: core.$ZodType;
  readonly innerType?: core.$ZodType;
  readonly options?: readonly core.$ZodType[];
  readonly valueType?: core.$ZodType;
}

/** The names the schema knows where the path leads. */
function fieldNames(schema: core.$ZodType, path: FieldPath): string[] {
  const definition = schema._zod.def as SchemaDefinition;
  if (definition.innerType !== undefined) return fieldNames(definition.innerType, path);
  if (definition.options !== undefined) return definition.options.flatMap((one) => fieldNames(one, path));
  const [part, ...rest] = path;
  if (part === undefined) return Object.keys(definition.shape ?? {});
  const next = definition.shape?.[part] ?? definition.element ?? definition.valueType;
  return next === undefined ? [] : fieldNames(next, rest);
}
