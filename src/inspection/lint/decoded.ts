import type { core } from "zod/mini";
import { safeParse } from "zod/mini";
import { type ConfigurationFault, faultsOf } from "../../configuration/faults.ts";
import { withoutNulls } from "../../configuration/yaml-document.ts";
import type { Finding, LintOrigin } from "./finding.ts";
import type { LintDocument } from "./lint-document.ts";

/** The subjects in a document, and what kept others from being read. */
export interface Decoded<Subject> {
  readonly subjects: readonly Subject[];
  readonly findings: readonly Finding[];
}

/** What messages call the object of a document, and where its fields stand. */
export function originOf({ file, value, positionOfKey }: LintDocument): LintOrigin {
  const { kind, metadata } = (value ?? {}) as {
    readonly kind?: unknown;
    readonly metadata?: { readonly name?: unknown };
  };
  const name = metadata?.name;
  const object = typeof name === "string" ? `${String(kind)}/${name}` : String(kind);
  return { object, file, lineOf: (path) => positionOfKey(path).line };
}

/**
 * Reads a document by its schema, `null` counting as absent. `strict` names unknown fields, which do not keep the rest
 * from being read; `lenient` is the same schema without them.
 */
export function decodeWith<Value>(
  document: LintDocument,
  strict: core.$ZodType,
  lenient: core.$ZodType<Value>,
): { readonly value?: Value; readonly findings: readonly Finding[] } {
  const bare = { ...document, value: withoutNulls(document.value) };
  const issues = safeParse(strict, bare.value).error?.issues ?? [];
  const unknown = issues.filter(({ code }) => code === "unrecognized_keys");
  const read = safeParse(lenient, bare.value);
  const findings = [
    ...faultsOf(unknown, bare, strict).map((fault) => findingOf(bare, "field-unknown", fault)),
    ...faultsOf(read.error?.issues ?? [], bare, lenient).map((fault) =>
      findingOf(bare, "field-invalid", fault),
    ),
  ];
  return read.success ? { value: read.data, findings } : { findings };
}

function findingOf(
  document: LintDocument,
  code: string,
  { position, field, message }: ConfigurationFault,
): Finding {
  const { object, file } = originOf(document);
  const strictly =
    code === "field-unknown"
      ? `${message}: an API server refuses it, or drops it where validation is off`
      : message;
  return {
    severity: "error",
    code,
    object,
    field,
    ...(file === undefined ? {} : { file }),
    line: position.line,
    message: strictly,
  };
}
