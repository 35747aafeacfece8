import { checkMatchCondition } from "../../cel/cel-expression.ts";
import { isJsonObject, type JsonObject, listAt, stringAt } from "../objects/api-object.ts";
import { qualifiedNameFaults } from "../objects/object-name.ts";
import { duplicate, type FieldError, invalid, required, tooMany } from "../status/field-error.ts";

/** k8s.io/kubernetes pkg/apis/admissionregistration/validation. */
const maxMatchConditions = 64;

/** The faults of a webhook's `matchConditions`: names, and expressions that do not compile. */
export function validateMatchConditions(webhook: JsonObject, path: string): readonly FieldError[] {
  const conditions = listAt(webhook, "matchConditions").filter(isJsonObject);
  const field = `${path}.matchConditions`;
  const names = conditions.map((condition) => stringAt(condition, "name") ?? "");
  return [
    ...(conditions.length > maxMatchConditions
      ? [tooMany(field, conditions.length, maxMatchConditions)]
      : []),
    ...conditions.flatMap((condition, index) => [
      ...validateExpression(stringAt(condition, "expression") ?? "", `${field}[${index}].expression`),
      ...validateName(names, index, `${field}[${index}].name`),
    ]),
  ];
}

function validateExpression(expression: string, field: string): readonly FieldError[] {
  if (expression.trim() === "") return [required(field)];
  const fault = checkMatchCondition(expression);
  return fault === undefined ? [] : [invalid(field, expression, fault)];
}

function validateName(names: readonly string[], index: number, field: string): readonly FieldError[] {
  const name = names[index]!;
  if (name === "") return [required(field)];
  const faults = qualifiedNameFaults(name).map((fault) => invalid(field, name, fault));
  return names.indexOf(name) < index ? [...faults, duplicate(field, name)] : faults;
}
