const frozen = new WeakSet<object>();

/** Freezes a value and everything in it, once. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || frozen.has(value)) return value;
  // bytes cannot be frozen, and Object.freeze throws where it is asked to
  if (ArrayBuffer.isView(value)) return value;
  frozen.add(value);
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
