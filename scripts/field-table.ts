import { stringify } from "yaml";
import { durationPattern } from "../src/configuration/duration.ts";

/** As much of JSON Schema as the configuration files' has. */
export interface FieldSchema {
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly items?: FieldSchema;
  readonly allOf?: readonly FieldSchema[];
  readonly anyOf?: readonly FieldSchema[];
}

/** One field of a configuration file. */
export interface Field {
  /** `webhooks[].path` */
  readonly path: string;
  readonly schema: FieldSchema;
  readonly isRequired: boolean;
}

/** Every field of the schema's files, outer before inner. */
export function fieldsOf(schema: FieldSchema, prefix = ""): Field[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = prefix + name;
    const inner = (one: FieldSchema): Field[] => [
      ...fieldsOf(one, `${path}.`),
      ...fieldsOf(one.items ?? {}, `${path}[].`),
    ];
    return [
      { path, schema: field, isRequired: required.includes(name) },
      ...[field, ...(field.anyOf ?? [])].flatMap(inner),
    ];
  });
}

/** A Markdown table of them. */
export function formatFieldTable(fields: readonly Field[]): string {
  const rows = fields.map(
    (field) =>
      `| \`${field.path}\` | ${typeOf(field)} | ${defaultOf(field)} | ${field.schema.description ?? ""} |`,
  );
  return ["| field | type | default | what it is |", "|---|---|---|---|", ...rows].join("\n");
}

function typeOf({ path, schema }: Pick<Field, "path" | "schema">): string {
  const { type, enum: choices, pattern, allOf, minimum, maximum, items, anyOf } = schema;
  if (anyOf !== undefined) return anyOf.map((one) => typeOf({ path, schema: one })).join(" or ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (choices !== undefined) return choices.map((one) => `\`${one}\``).join(", ");
  if (pattern === durationPattern.source) return allOf === undefined ? "duration" : "duration, not `0s`";
  if (items !== undefined)
    return `${items.enum === undefined ? "list of" : "any of"} ${typeOf({ path, schema: items })}`;
  if (minimum !== undefined) return `${minimum} to ${maximum}`;
  if (type === "string" && path.endsWith("File")) return "file";
  return type === "object" ? "map" : `${type}`;
}

function defaultOf({ schema, isRequired }: Field): string {
  if (isRequired) return "required";
  if (schema.default === undefined || schema.properties !== undefined) return "";
  return `\`${stringify(schema.default, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trim()}\``;
}
