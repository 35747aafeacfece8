import { type Json, jsonText } from "../objects/api-object.ts";
import { type GroupResource, qualifiedName, StatusError } from "./status-error.ts";

/** One fault of an object, in the words of k8s.io/apimachinery pkg/util/validation/field. */
export interface FieldError {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

export function required(field: string, detail = ""): FieldError {
  return { reason: "FieldValueRequired", field, message: join("Required value", detail) };
}

/** `value` is printed as JSON; an absent one as null. */
export function invalid(field: string, value: Json | undefined, detail: string): FieldError {
  const printed = jsonText(value);
  return { reason: "FieldValueInvalid", field, message: join(`Invalid value: ${printed}`, detail) };
}

export function notSupported(
  field: string,
  value: Json | undefined,
  supported: readonly string[],
): FieldError {
  const list = supported.map((item) => JSON.stringify(item)).join(", ");
  const message = `Unsupported value: ${jsonText(value)}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", field, message };
}

export function duplicate(field: string, value: Json): FieldError {
  return { reason: "FieldValueDuplicate", field, message: `Duplicate value: ${jsonText(value)}` };
}

export function tooMany(field: string, count: number, most: number): FieldError {
  return {
    reason: "FieldValueTooMany",
    field,
    message: `Too many: ${count}: must have at most ${most} items`,
  };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, message: join("Forbidden", detail) };
}

/** The 422 that lists every fault. `resource` here is the kind: `Deployment.apps "web" is invalid`. */
export function invalidObject(kind: GroupResource, name: string, errors: readonly FieldError[]): StatusError {
  const lines = errors.map(({ field, message }) => `${field}: ${message}`);
  const all = lines.length === 1 ? lines[0] : `[${lines.join(", ")}]`;
  return new StatusError(
    422,
    "Invalid",
    `${qualifiedName(kind)} ${JSON.stringify(name)} is invalid: ${all}`,
    {
      ...(name === "" ? {} : { name }),
      ...(kind.group === "" ? {} : { group: kind.group }),
      ...(kind.resource === "" ? {} : { kind: kind.resource }),
      causes: errors,
    },
  );
}

function join(head: string, detail: string): string {
  return detail === "" ? head : `${head}: ${detail}`;
}
