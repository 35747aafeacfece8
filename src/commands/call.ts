import { ruleMatches } from "../admission/rules.ts";
import type { Webhook } from "../apis/admissionregistration.ts";
import { createTokenCache, type TokenCache } from "../credentials/token-cache.ts";
import { CountersignError } from "../errors.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { createRestClient, type RestClient } from "../transport/rest-client.ts";
import { createTokenRequestClient } from "../transport/token-request-client.ts";
import {
  createAuthenticationInfoResolver,
  type WebhookTarget,
} from "../webhook/client/authentication-info-resolver.ts";
import { dnsServiceResolver, type ServiceResolver } from "../webhook/client/service-resolver.ts";
import { createWebhookClient, type WebhookAnswer } from "../webhook/client/webhook-client.ts";
import {
  buildReview,
  type OutgoingReview,
  type VerifiedResponse,
  verifyReview,
} from "../webhook/dispatch/admission-review.ts";
import { callFailure } from "../webhook/dispatch/hook-call.ts";
import type { AdmissionAttributes } from "../webhook/matching/admission-attributes.ts";
import { type AdmissionObject, readLive, readObject, resolveObject, whoWeAre } from "./admission-object.ts";
import { createCallReport, formatCallReport } from "./call-report.ts";
import { chooseWebhook } from "./chosen-webhook.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { type Command, type CommandIO, defineCommand } from "./command.ts";
import type { FlagTable, FlagValues } from "./flags.ts";
import { parseServiceAccount } from "./service-account-flag.ts";
import { parseConfigurationName, readConfiguration } from "./webhook-configuration-flag.ts";

const callFlags = {
  "webhook-configuration": {
    type: "string",
    value: "KIND/NAME",
    required: true,
    summary: "validating/NAME or mutating/NAME, as the cluster has it",
  },
  webhook: { type: "string", value: "NAME", summary: "one webhook of it; default: the only one" },
  filename: {
    type: "string",
    short: "f",
    value: "FILE",
    required: true,
    summary: "the object under review, YAML or JSON; - is stdin",
  },
  operation: {
    type: "string",
    choices: ["CREATE", "UPDATE", "DELETE"],
    default: "CREATE",
    summary: "what is done with it; on UPDATE the old object is the cluster's",
  },
  "dry-run": { type: "boolean", summary: "tell the webhook that nothing will be stored" },
  "service-account": {
    type: "string",
    value: "NS/NAME",
    summary: "whose requested token goes along; default: none",
  },
  mode: {
    type: "string",
    choices: ["attested", "audience"],
    default: "attested",
    summary: "which kind of token; with --service-account",
  },
  "api-group": { type: "string", value: "G|*", summary: "the group to attest; default: the object's" },
  resolve: {
    type: "string",
    value: "HOST:PORT",
    summary: "dial this instead of the Service: a forwarded port, say",
  },
  namespace: { type: "string", short: "n", value: "NS", summary: "of the object, where it names none" },
  ...clusterFlags,
  output: {
    type: "string",
    short: "o",
    value: "FORMAT",
    choices: ["table", "json", "yaml"],
    default: "table",
    summary: "how to print",
  },
} as const satisfies FlagTable;

type Given = FlagValues<typeof callFlags>;

/** Sends one admission review to a webhook as an API server would, and shows what came back. */
export const call: Command = defineCommand({
  name: "call",
  summary: "Send an admission review to a webhook as an API server would",
  example:
    "countersign call --webhook-configuration validating/images -f deployment.yaml --service-account kube-system/webhook-caller",
  flags: callFlags,
  async run({ flags }, io) {
    const named = parseConfigurationName(flags["webhook-configuration"]);
    const services = serviceResolverOf(flags.resolve);
    const object = await readObject(flags.filename, io.stdin);
    const { client: options, namespace } = await findCluster({ ...flags, env: io.env });
    const client = createRestClient(options);
    const cache = createTokenCache({ server: options.server, client: createTokenRequestClient(client) });
    try {
      const configuration = await readConfiguration(client, named);
      const webhook = chooseWebhook({ ...configuration, kind: named.kind }, flags.webhook);
      const resolved = await resolveObject(client, object, flags.namespace ?? namespace);
      const attributes = await attributesOf(flags, client, resolved);
      warnOfRules(webhook, attributes, io);
      const target: WebhookTarget = {
        kind: named.kind,
        configuration: { name: named.name, uid: configuration.metadata.uid ?? "" },
        webhook,
        apiGroup: resolved.resource.group,
      };
      return await callOnce(flags, target, attributes, { cache, services }, io);
    } finally {
      cache.close();
      client.close();
    }
  },
});

interface CallMeans {
  readonly cache: TokenCache;
  readonly services: ServiceResolver;
}

async function callOnce(
  flags: Given,
  target: WebhookTarget,
  attributes: AdmissionAttributes,
  { cache, services }: CallMeans,
  io: CommandIO,
): Promise<number> {
  const { "service-account": account, mode, "api-group": apiGroup, output } = flags;
  const tokens =
    account === undefined
      ? undefined
      : {
          cache,
          serviceAccount: parseServiceAccount(account),
          mode,
          ...(apiGroup === undefined ? {} : { apiGroup }),
        };
  const resolver = createAuthenticationInfoResolver(tokens === undefined ? {} : { tokens });
  const client = createWebhookClient({ resolver, services });
  const sent = buildReview(target.webhook, attributes);
  const timeoutMs = (target.webhook.timeoutSeconds ?? 10) * 1000;
  try {
    const answer: WebhookAnswer = await client.call(target, sent.review, { timeoutMs });
    const response = verified(sent, answer, target);
    const report = createCallReport(target.webhook.name, answer, response);
    io.stdout.write(formatCallReport(report, attributes.object, output));
    return report.allowed ? 0 : 1;
  } finally {
    client.close();
  }
}

function verified(
  sent: OutgoingReview,
  { body }: WebhookAnswer,
  { kind, webhook }: WebhookTarget,
): VerifiedResponse {
  try {
    return verifyReview(sent, body, kind === "MutatingWebhookConfiguration");
  } catch (error) {
    throw callFailure(webhook, `received invalid webhook response: ${(error as Error).message}`, error);
  }
}

async function attributesOf(
  flags: Given,
  client: RestClient,
  resolved: AdmissionObject,
): Promise<AdmissionAttributes> {
  const { object, ...rest } = resolved;
  const { operation } = flags;
  const common = { ...rest, operation, dryRun: flags["dry-run"], userInfo: await whoWeAre(client) };
  if (operation === "DELETE") return { ...common, oldObject: object };
  if (operation === "UPDATE") return { ...common, object, oldObject: await readLive(client, resolved) };
  return { ...common, object };
}

function warnOfRules({ name, rules = [] }: Webhook, attributes: AdmissionAttributes, io: CommandIO): void {
  if (rules.some((rule) => ruleMatches(rule, attributes))) return;
  io.stderr.write(
    `countersign: the rules of ${name} do not match this request: an API server would not call it\n`,
  );
}

function serviceResolverOf(address: string | undefined): ServiceResolver {
  if (address === undefined) return dnsServiceResolver;
  const [, host, port] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(address) ?? [];
  if (host === undefined) throw new CountersignError("ERR_USAGE", `--resolve=${address}: must be HOST:PORT`);
  return { resolve: () => ({ host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) }) };
}
