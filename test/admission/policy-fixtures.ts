import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { RuleWithOperations } from "../../src/apis/admissionregistration.ts";
import type { PolicyMessage } from "../../src/diagnostics.ts";

/** Matches the fixture's Deployment. */
export const match: readonly RuleWithOperations[] = [
  { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"] },
];

/** What was published of policies while something ran that answers at once. */
export function publishedBy(run: () => void): readonly PolicyMessage[] {
  const messages: PolicyMessage[] = [];
  const listen = (message: unknown): void => {
    messages.push(message as PolicyMessage);
  };
  subscribe("countersign:policy", listen);
  try {
    run();
  } finally {
    unsubscribe("countersign:policy", listen);
  }
  return messages;
}
