import { stringify } from "yaml";
import type { WebhookConfiguration } from "../apis/admissionregistration.ts";
import { rbacGrants } from "../inspection/rbac-grants.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { createRestClient } from "../transport/rest-client.ts";
import { type ClusterFlags, clusterFlags } from "./cluster-flags.ts";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import { outputFlag } from "./output-flag.ts";
import { parseServiceAccount } from "./service-account-flag.ts";
import { parseConfigurationName, readConfiguration } from "./webhook-configuration-flag.ts";

/** Prints what has to be granted, and nothing more, for `kubectl apply -f -`. */
export const rbac: Command = defineCommand({
  name: "rbac",
  summary: "Print the exact grants for a webhook configuration's tokens, for kubectl apply -f -",
  example:
    "countersign rbac --webhook-configuration validating/images --service-account kube-system/webhook-caller --api-group '*'",
  flags: {
    "webhook-configuration": {
      type: "string",
      value: "KIND/NAME",
      required: true,
      summary: "validating/NAME or mutating/NAME, as the cluster has it",
    },
    webhook: { type: "string", value: "NAME", summary: "one webhook of it; default: all" },
    "service-account": {
      type: "string",
      value: "NS/NAME",
      required: true,
      summary: "whose tokens they are to be",
    },
    requester: {
      type: "string",
      value: "NS/NAME",
      summary: "the ServiceAccount that asks for them; default: the same",
    },
    "api-group": {
      type: "string",
      value: "GROUP|*",
      multiple: true,
      summary: "a group to attest; default: those the rules name",
    },
    ...clusterFlags,
    output: outputFlag(["yaml", "json"]),
  },
  async run({ flags }, io) {
    const { webhook, requester, "api-group": apiGroups } = flags;
    const objects = rbacGrants({
      configuration: await configurationOf(flags, io),
      serviceAccount: parseServiceAccount(flags["service-account"]),
      ...(webhook !== undefined && { webhook }),
      ...(requester !== undefined && { requester: parseServiceAccount(requester, "requester") }),
      ...(apiGroups.length > 0 && { apiGroups }),
    });
    io.stdout.write(
      flags.output === "json"
        ? `${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, undefined, 2)}\n`
        : objects.map((object) => stringify(object)).join("---\n"),
    );
    return 0;
  },
});

interface ConfigurationFlags extends ClusterFlags {
  readonly "webhook-configuration": string;
}

async function configurationOf(flags: ConfigurationFlags, { env }: CommandIO): Promise<WebhookConfiguration> {
  const named = parseConfigurationName(flags["webhook-configuration"]);
  const client = createRestClient((await findCluster({ ...flags, env })).client);
  try {
    return await readConfiguration(client, named);
  } finally {
    client.close();
  }
}
