import { isDeepStrictEqual } from "node:util";
import { type ApiObject, isJsonObject, objectAt } from "../objects/api-object.ts";
import { type FieldError, forbiddenField, invalid, required } from "../status/field-error.ts";

/** k8s.io/kubernetes pkg/apis/core/v1/defaults.go and conversion.go: `stringData` becomes data. */
export function defaultSecret(secret: ApiObject): ApiObject {
  const { stringData, ...rest } = secret;
  const encoded = Object.entries(isJsonObject(stringData) ? stringData : {}).map(
    ([key, value]) => [key, Buffer.from(String(value)).toString("base64")] as const,
  );
  const data = { ...objectAt(secret, "data"), ...Object.fromEntries(encoded) };
  return {
    ...rest,
    type: secret.type ?? "Opaque",
    ...(Object.keys(data).length > 0 ? { data } : {}),
  } as ApiObject;
}

/** ValidateSecret and ValidateSecretUpdate of pkg/apis/core/validation/validation.go, for Opaque and TLS. */
export function validateSecret(secret: ApiObject, old?: ApiObject): readonly FieldError[] {
  const keys = Object.keys(objectAt(secret, "data"));
  const faults = keys.flatMap((key) => keyFaults(key).map((fault) => invalid(`data[${key}]`, key, fault)));
  if (secret.type === "kubernetes.io/tls")
    for (const key of ["tls.crt", "tls.key"]) if (!keys.includes(key)) faults.push(required(`data[${key}]`));
  return old === undefined ? faults : [...faults, ...validateChange(secret, old)];
}

function validateChange(secret: ApiObject, old: ApiObject): readonly FieldError[] {
  const faults: FieldError[] = [];
  if (secret.type !== old.type) faults.push(invalid("type", secret.type, "field is immutable"));
  if (old.immutable !== true) return faults;
  const detail = "field is immutable when `immutable` is set";
  if (secret.immutable !== true) faults.push(forbiddenField("immutable", detail));
  if (!isDeepStrictEqual(objectAt(secret, "data"), objectAt(old, "data")))
    faults.push(forbiddenField("data", detail));
  return faults;
}

/** IsConfigMapKey of k8s.io/apimachinery pkg/util/validation: each becomes a file's name. */
function keyFaults(key: string): readonly string[] {
  const faults: string[] = [];
  if (key.length > 253) faults.push("must be no more than 253 characters");
  if (!/^[-._a-zA-Z0-9]+$/.test(key))
    faults.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  if (key === ".") faults.push("must not be '.'");
  else if (key === "..") faults.push("must not be '..'");
  else if (key.startsWith("..")) faults.push("must not start with '..'");
  return faults;
}
