import type { ConfigurationFault } from "./faults.ts";

/** Which command reads a kind of configuration file. */
const readers: ReadonlyMap<unknown, string> = new Map([
  ["ServerConfiguration", "countersign serve"],
  ["GatewayConfiguration", "countersign gateway"],
  ["AgentConfiguration", "countersign agent"],
]);

/**
 * Of a file that is meant for another command that alone: what its fields would be in this one is nothing to mend. Other
 * files' faults stay as they are.
 */
export function faultsOfOtherKind(
  faults: readonly ConfigurationFault[],
  value: unknown,
): readonly ConfigurationFault[] {
  const fault = faults.find(({ field }) => field === "kind");
  const reader = readers.get((value as { readonly kind?: unknown } | null)?.kind);
  if (fault === undefined || reader === undefined) return faults;
  return [{ ...fault, message: `${fault.message}; ${reader} reads this file` }];
}
