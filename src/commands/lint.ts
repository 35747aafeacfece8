import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { CountersignError } from "../errors.ts";
import { checkCredentialFiles } from "../inspection/lint/credential-files.ts";
import { decodeKubeconfig } from "../inspection/lint/decode-kubeconfig.ts";
import { decodeLintInputs, liveConfiguration } from "../inspection/lint/decode-lint-inputs.ts";
import { lint as findFaults, sortFindings } from "../inspection/lint/lint.ts";
import { type LintDocument, parseLintDocuments } from "../inspection/lint/lint-document.ts";
import type { ConfigurationSubject } from "../inspection/lint/lint-subjects.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { createRestClient } from "../transport/rest-client.ts";
import { listWebhookConfigurations } from "../webhook/sources/list-webhook-configurations.ts";
import { type ClusterFlags, clusterFlags } from "./cluster-flags.ts";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import { formatFindings, summarizeFindings } from "./lint-report.ts";
import { outputFlag } from "./output-flag.ts";
import { parseConfigurationName, readConfiguration } from "./webhook-configuration-flag.ts";

/** Says beforehand what can never work and what is dangerous. 1 if an error was found. */
export const lint: Command = defineCommand({
  name: "lint",
  summary: "Say what can never work and what is dangerous in webhook configurations and what goes with them",
  operands: "[FILE...]",
  example: "countersign lint webhooks.yaml server.yaml --webhook-kubeconfig webhooks.kubeconfig",
  flags: {
    "webhook-kubeconfig": {
      type: "string",
      value: "FILE",
      multiple: true,
      summary: "the kubeconfig that an API server takes for its webhooks",
    },
    all: { type: "boolean", summary: "every webhook configuration of the cluster as well" },
    "webhook-configuration": {
      type: "string",
      value: "KIND/NAME",
      multiple: true,
      summary: "validating/NAME or mutating/NAME of the cluster as well",
    },
    ...clusterFlags,
    output: outputFlag(["table", "json", "yaml"]),
  },
  async run({ flags, operands }, io) {
    assertSomething(flags, operands);
    const documents = await readDocuments(operands, io);
    const named = await readDocuments(flags["webhook-kubeconfig"], io);
    const { inputs, findings } = decodeLintInputs(documents);
    const kubeconfigs = named.map(decodeKubeconfig);
    const all = {
      ...inputs,
      configurations: [...inputs.configurations, ...(await liveConfigurations(flags, io))],
      kubeconfigs: await Promise.all(
        [...inputs.kubeconfigs, ...kubeconfigs.flatMap(({ subjects }) => subjects)].map(checkCredentialFiles),
      ),
    };
    const found = sortFindings([
      ...findings,
      ...kubeconfigs.flatMap((kubeconfig) => kubeconfig.findings),
      ...findFaults(all),
    ]);
    io.stdout.write(formatFindings(found, flags.output));
    io.stderr.write(`countersign: ${summarizeFindings(found)}\n`);
    return found.some(({ severity }) => severity === "error") ? 1 : 0;
  },
});

interface LintFlags extends ClusterFlags {
  readonly "webhook-kubeconfig": readonly string[];
  readonly all: boolean;
  readonly "webhook-configuration": readonly string[];
}

/** Before anything is read or asked: a flag that would not count must not look as if it did. */
function assertSomething(flags: LintFlags, operands: readonly string[]): void {
  const {
    all,
    "webhook-configuration": names,
    "webhook-kubeconfig": kubeconfigs,
    kubeconfig,
    context,
  } = flags;
  for (const name of names) parseConfigurationName(name);
  if (all && names.length > 0) throw usage("--all and --webhook-configuration exclude one another");
  const isLive = all || names.length > 0;
  if (!isLive && (kubeconfig ?? context) !== undefined)
    throw usage(
      "--kubeconfig and --context name a cluster: say --all or --webhook-configuration KIND/NAME too",
    );
  if (!isLive && operands.length === 0 && kubeconfigs.length === 0)
    throw usage("name files (- is standard input), or --all for the cluster's webhook configurations");
  if ([...operands, ...kubeconfigs].filter((file) => file === "-").length > 1)
    throw usage("- can be read only once");
}

async function readDocuments(
  files: readonly string[],
  { stdin }: CommandIO,
): Promise<readonly LintDocument[]> {
  const read = files.map(async (file) => {
    const text = await (file === "-" ? readAll(stdin) : readText(file));
    return parseLintDocuments(text, file === "-" ? "standard input" : file);
  });
  return (await Promise.all(read)).flat();
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CountersignError("ERR_USAGE", `${file} cannot be read (${code})`, { cause });
  }
}

async function liveConfigurations(
  flags: LintFlags,
  { env }: CommandIO,
): Promise<readonly ConfigurationSubject[]> {
  const names = flags["webhook-configuration"].map(parseConfigurationName);
  if (!flags.all && names.length === 0) return [];
  const client = createRestClient((await findCluster({ ...flags, env })).client);
  try {
    if (flags.all) return (await listWebhookConfigurations(client)).map(liveConfiguration);
    const read = names.map(async (name) => ({ ...(await readConfiguration(client, name)), kind: name.kind }));
    return (await Promise.all(read)).map(liveConfiguration);
  } finally {
    client.close();
  }
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
