import { stringify } from "yaml";
import type { WebhookConfiguration } from "../apis/admissionregistration.ts";
import { CountersignError } from "../errors.ts";
import { accessGrants, accessPurposes } from "../inspection/access-grants.ts";
import { rbacGrants } from "../inspection/rbac-grants.ts";
import {
  namedSubject,
  type RBACObject,
  type RBACSubject,
  serviceAccountSubject,
} from "../inspection/rbac-objects.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { createRestClient } from "../transport/rest-client.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import type { FlagTable, FlagValues } from "./flags.ts";
import { outputFlag } from "./output-flag.ts";
import { parseServiceAccount } from "./service-account-flag.ts";
import { parseConfigurationName, readConfiguration } from "./webhook-configuration-flag.ts";

/** What says which tokens a webhook configuration's callers need; the cluster is asked for the configuration. */
const tokenFlags = {
  "webhook-configuration": {
    type: "string",
    value: "KIND/NAME",
    summary: "for its tokens: validating/NAME or mutating/NAME, as the cluster has it",
  },
  webhook: { type: "string", value: "NAME", summary: "one webhook of it; default: all" },
  requester: {
    type: "string",
    value: "NS/NAME",
    summary: "the ServiceAccount that asks for the tokens; default: the same",
  },
  "api-group": {
    type: "string",
    value: "GROUP|*",
    multiple: true,
    summary: "a group to attest; default: those the rules name",
  },
  ...clusterFlags,
} as const satisfies FlagTable;

/** What says who may do what through the gateway; nobody is asked. */
const accessFlags = {
  for: {
    type: "string",
    value: "PURPOSE",
    choices: accessPurposes,
    summary:
      "instead of --webhook-configuration: what is to be read through the gateway, or being the gateway",
  },
  user: { type: "string", value: "NAME", summary: "a user instead of a ServiceAccount" },
  group: { type: "string", value: "NAME", summary: "a group instead of a ServiceAccount" },
  node: {
    type: "string",
    value: "NAME",
    multiple: true,
    summary: "only at the kubelet of this node; default: at all",
  },
  namespace: { type: "string", short: "n", value: "NS", summary: "whose pods' logs, for pod-logs" },
  "insecure-skip-tls-verify-backend": {
    type: "boolean",
    summary: "of pod-logs: that flag of kubectl's, too, for a gateway with insecureBackend: authorize",
  },
  mode: {
    type: "string",
    value: "MODE",
    choices: ["fineGrained", "coarse", "analog"],
    summary: "the gateway's authorization.kubelet.mode; default: fineGrained",
  },
} as const satisfies FlagTable;

const flags = {
  ...accessFlags,
  ...tokenFlags,
  "service-account": {
    type: "string",
    value: "NS/NAME",
    summary: "to whom it is granted; with --webhook-configuration whose tokens they are to be",
  },
  output: outputFlag(["yaml", "json"]),
} as const satisfies FlagTable;

type Flags = FlagValues<typeof flags>;

/** Prints what has to be granted, and nothing more, for `kubectl apply -f -`. */
export const rbac: Command = defineCommand({
  name: "rbac",
  summary:
    "Print exact grants, for kubectl apply -f -: for a webhook configuration's tokens, or for the gateway",
  example: "countersign rbac --for kubelet-metrics --service-account monitoring/prometheus",
  flags,
  async run({ flags }, io) {
    const objects = flags.for === undefined ? await tokenGrants(flags, io) : grantsFor(flags, io);
    io.stdout.write(
      flags.output === "json"
        ? `${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, undefined, 2)}\n`
        : objects.map((object) => stringify(object)).join("---\n"),
    );
    return 0;
  },
});

async function tokenGrants(flags: Flags, io: CommandIO): Promise<readonly RBACObject[]> {
  const { webhook, requester, "api-group": apiGroups, "service-account": account } = flags;
  const named = flags["webhook-configuration"];
  if (named === undefined) throw usage("one of --for and --webhook-configuration is required");
  refuse(flags, accessFlags, "--webhook-configuration");
  if (account === undefined) throw usage("--service-account is required (NS/NAME)");
  // before the cluster is asked, so that a mistake is no request
  const subjects = {
    serviceAccount: parseServiceAccount(account),
    ...(requester !== undefined && { requester: parseServiceAccount(requester, "requester") }),
  };
  return rbacGrants({
    configuration: await configurationOf(named, flags, io),
    ...subjects,
    ...(webhook !== undefined && { webhook }),
    ...(apiGroups.length > 0 && { apiGroups }),
  });
}

async function configurationOf(
  named: string,
  flags: Flags,
  { env }: CommandIO,
): Promise<WebhookConfiguration> {
  const name = parseConfigurationName(named);
  const client = createRestClient((await findCluster({ ...flags, env })).client);
  try {
    return await readConfiguration(client, name);
  } finally {
    client.close();
  }
}

function grantsFor(flags: Flags, { stderr }: CommandIO): readonly RBACObject[] {
  const { for: purpose, node: nodes, namespace, mode } = flags;
  refuse(flags, tokenFlags, "--for");
  const objects = accessGrants({
    purpose: purpose!,
    to: subjectOf(flags),
    nodes,
    insecureBackend: flags["insecure-skip-tls-verify-backend"],
    ...(namespace !== undefined && { namespace }),
    ...(mode !== undefined && { mode }),
  });
  if (objects.some(({ rules = [] }) => rules.some(({ resources = [] }) => resources.includes("nodes/proxy"))))
    stderr.write(
      "warning: a kubelet that is reached without the gateway lets who may get nodes/proxy run commands in its containers\n",
    );
  return objects;
}

function subjectOf({ "service-account": account, user, group }: Flags): RBACSubject {
  const subjects = [
    ...(account === undefined ? [] : [serviceAccountSubject(parseServiceAccount(account))]),
    ...(user === undefined ? [] : [namedSubject("User", user)]),
    ...(group === undefined ? [] : [namedSubject("Group", group)]),
  ];
  const [subject, ...others] = subjects;
  if (subject === undefined || others.length > 0 || subject.name === "")
    throw usage("exactly one of --service-account, --user and --group says to whom it is granted");
  return subject;
}

/** A flag that would count for nothing is wrong usage: whoever gave it expects a narrower grant. */
function refuse(flags: Flags, table: FlagTable, beside: string): void {
  const given = Object.keys(table).find((name) => {
    const value = flags[name as keyof Flags];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
  if (given !== undefined) throw usage(`--${given} decides nothing beside ${beside}`);
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
