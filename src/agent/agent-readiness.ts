import type { HealthCheck } from "../monitoring/health.ts";
import { livenessChecks, shutdownCheck } from "../monitoring/process-checks.ts";
import type { EndpointState } from "./endpoint-state.ts";

export interface AgentReadinessOptions {
  readonly stopping: () => boolean;
  /** @throws why the configurations have not been read. */
  readonly assertSynced: () => void;
  /** Undefined where no socket is configured. */
  readonly socketIntact: () => boolean | undefined;
  readonly fileFaults: () => ReadonlyMap<string, unknown>;
  readonly states: () => readonly EndpointState[];
}

/**
 * Whether everybody who asks is given a token, with a check for each host and port: its name is in the answer, the
 * reason in the log. A host that no webhook configuration names is nobody's failure.
 */
export function agentReadinessChecks(options: AgentReadinessOptions): readonly HealthCheck[] {
  return [
    ...livenessChecks,
    shutdownCheck("agent", options.stopping),
    { name: "configurations", check: options.assertSynced },
    {
      name: "socket",
      check() {
        if (options.socketIntact() === false)
          throw new Error("the socket was removed or replaced by another");
      },
    },
    { name: "token-files", check: () => checkFiles(options.fileFaults()) },
    ...options
      .states()
      .filter(({ failure }) => failure?.code !== "ERR_WEBHOOK_NOT_FOUND")
      .map((state) => ({ name: `token-${state.hostPort}`, check: () => checkToken(state) })),
  ];
}

function checkFiles(faults: ReadonlyMap<string, unknown>): void {
  const [first] = faults.values();
  if (first !== undefined) throw first;
}

function checkToken({ failure }: EndpointState): void {
  if (failure !== undefined) throw failure;
}
