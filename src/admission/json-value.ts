/**
 * What JSON text holds. Integers that a double cannot hold exactly, as Kubernetes' 64-bit fields may be, are bigints
 * wherever the text is read losslessly.
 */
export type JSONValue = null | boolean | number | bigint | string | readonly JSONValue[] | JSONObject;

/** A JSON object. Look a name up with `Object.hasOwn`: it may be `constructor`. */
export interface JSONObject {
  readonly [name: string]: JSONValue;
}

export function isJSONObject(value: JSONValue): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Sets a member as own data, whatever it is called: an assignment to `__proto__`, a legal key of a ConfigMap, would
 * change the prototype and lose the member.
 */
export function setOwn(target: object, name: string, value: unknown): void {
  if (name !== "__proto__") (target as Record<string, unknown>)[name] = value;
  else Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

/** An own member's value: `constructor` and `__proto__` are found only where the text had them. */
export function getOwn(target: JSONObject, name: string): JSONValue | undefined {
  return Object.hasOwn(target, name) ? target[name] : undefined;
}
