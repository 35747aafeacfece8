import { isDeepStrictEqual } from "node:util";
import type { ServerConfiguration } from "../configuration/server-configuration.ts";

/** What is opened once: a listener that moved would drop its connections. */
const fixed = ["listen", "admin", "tracing"] as const;

/** The next configuration with what cannot change before a restart left as it is, and which of it should have. */
export function keepFixedFields(
  next: ServerConfiguration,
  current: ServerConfiguration,
): { readonly configuration: ServerConfiguration; readonly changed: readonly string[] } {
  const { tracing: _, ...rest } = next;
  const { listen, admin, tracing } = current;
  return {
    configuration: { ...rest, listen, admin, ...(tracing !== undefined && { tracing }) },
    changed: fixed.filter((field) => !isDeepStrictEqual(next[field], current[field])),
  };
}
