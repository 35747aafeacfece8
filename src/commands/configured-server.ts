import type { CheckedField } from "../configuration/checked-field.ts";
import { watchConfiguration } from "../configuration/watch-configuration.ts";
import type { ClusterConnection } from "../transport/cluster-connection.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import type { CommandIO } from "./command.ts";
import { onHangup } from "./hangup-signal.ts";
import { leaveSoon } from "./leave-soon.ts";
import { stopSignal } from "./stop-signal.ts";

/** A server that is all in its configuration file. */
export interface ConfiguredServer<Configuration> {
  load(file: string): Promise<Configuration>;
  /** Everything that is wrong with what a configuration names. */
  check(configuration: Configuration): Promise<readonly CheckedField[]>;
  create(options: {
    readonly configuration: Configuration;
    readonly cluster: () => Promise<ClusterConnection>;
    readonly log: CommandIO["stderr"];
  }): {
    start(): Promise<object>;
    reload(configuration: Configuration): Promise<void>;
    close(): Promise<void>;
  };
}

export interface ConfiguredServerFlags extends ClusterFlags {
  readonly config: string;
  /** Only look at the configuration. */
  readonly check: boolean;
}

/** Runs it until SIGTERM or SIGINT, and follows its file meanwhile and at SIGHUP. */
export async function runConfiguredServer<Configuration>(
  { config, kubeconfig, context, check }: ConfiguredServerFlags,
  io: CommandIO,
  definition: ConfiguredServer<Configuration>,
): Promise<number> {
  const cluster = async (): Promise<ClusterConnection> => {
    const { findCluster } = await import("../transport/kubeconfig-connection.ts");
    return findCluster({ kubeconfig, context, env: io.env });
  };
  const isNamed = (kubeconfig ?? context) !== undefined;
  if (check) return checkAll(config, isNamed ? cluster : undefined, io, definition);
  const watched = await watchConfiguration({ file: config, load: definition.load });
  onHangup(watched.reload);
  const server = definition.create({ configuration: watched.first, log: io.stderr, cluster });
  const stopped = stopSignal();
  const ports = await server.start();
  watched.follow(server.reload);
  // the one result: where it listens, for whoever asked for port 0
  io.stdout.write(`${JSON.stringify(ports)}\n`);
  await stopped;
  watched.close();
  await server.close();
  leaveSoon();
  return 0;
}

async function checkAll<Configuration>(
  config: string,
  cluster: (() => Promise<ClusterConnection>) | undefined,
  io: CommandIO,
  { load, check }: Pick<ConfiguredServer<Configuration>, "load" | "check">,
): Promise<number> {
  const { printChecked } = await import("./checked-configuration.ts");
  const found = await check(await load(config));
  await cluster?.();
  return printChecked(config, found, io);
}
