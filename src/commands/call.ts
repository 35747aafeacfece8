import type { WebhookConfiguration } from "../apis/admissionregistration.ts";
import type { SubjectAccessReview } from "../apis/authorization.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import { createSubjectAccessReviewAuthorizer } from "../authorization/subject-access-review.ts";
import { createMatchConditionEvaluator } from "../cel/cel-match-condition-evaluator.ts";
import { createTokenCache, type TokenCache } from "../credentials/token-cache.ts";
import { CountersignError, errorCodeOf } from "../errors.ts";
import { loadKubeconfig } from "../kubeconfig/load-kubeconfig.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { apiPath, createRestClient, type RestClient } from "../transport/rest-client.ts";
import { createTokenRequestClient } from "../transport/token-request-client.ts";
import {
  type AuthenticationInfoResolver,
  type AuthenticationInfoResolverOptions,
  createAuthenticationInfoResolver,
  type WebhookTarget,
} from "../webhook/client/authentication-info-resolver.ts";
import { dnsServiceResolver, type ServiceResolver } from "../webhook/client/service-resolver.ts";
import { createWebhookClient } from "../webhook/client/webhook-client.ts";
import { withAuthenticationSources } from "../webhook/sources/authentication-source-annotation.ts";
import { liveNamespaceLabels, readObject } from "./admission-object.ts";
import { callAttributes } from "./call-attributes.ts";
import { formatCallReports } from "./call-report.ts";
import { callInOrder } from "./call-sequence.ts";
import { chooseWebhooks } from "./chosen-webhook.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { type Command, defineCommand } from "./command.ts";
import type { FlagTable, FlagValues } from "./flags.ts";
import { outputFlag } from "./output-flag.ts";
import { parseServiceAccount } from "./service-account-flag.ts";
import { parseConfigurationName, readConfiguration } from "./webhook-configuration-flag.ts";

const callFlags = {
  "webhook-configuration": {
    type: "string",
    value: "KIND/NAME",
    required: true,
    summary: "validating/NAME or mutating/NAME, as the cluster has it",
  },
  webhook: { type: "string", value: "NAME", summary: "one webhook of it; default: all, in their order" },
  filename: {
    type: "string",
    short: "f",
    value: "FILE",
    required: true,
    summary: "the object under review, YAML or JSON, or the options of a CONNECT; - is stdin",
  },
  operation: {
    type: "string",
    choices: ["CREATE", "UPDATE", "DELETE", "CONNECT"],
    default: "CREATE",
    summary: "what is done with it; on UPDATE the old object is the cluster's",
  },
  subresource: {
    type: "string",
    value: "NAME",
    summary: "what of the object it is done to: status, scale, exec …",
  },
  resource: {
    type: "string",
    value: "G/V/RESOURCE",
    summary: "of which resource, where the object's kind does not say it: v1/pods for a PodExecOptions",
  },
  name: { type: "string", value: "NAME", summary: "of the object, where it has none itself" },
  force: {
    type: "boolean",
    summary: "call also what an API server would not call, for a --resource that it does not have",
  },
  "show-request": {
    type: "boolean",
    summary: "show what is sent, without secrets; json and yaml have it anyway",
  },
  "dry-run": { type: "boolean", summary: "tell the webhook that nothing will be stored" },
  "webhook-kubeconfig": {
    type: "string",
    value: "FILE",
    summary: "the kubeconfig of the WebhookAdmissionConfiguration: what it says is presented",
  },
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
  "if-issued": {
    type: "boolean",
    summary: "where the API server issues no webhook-bound tokens, say so, call nothing and exit 0",
  },
  resolve: {
    type: "string",
    value: "HOST:PORT",
    summary: "dial this instead of the Service: a forwarded port, say",
  },
  namespace: { type: "string", short: "n", value: "NS", summary: "of the object, where it names none" },
  ...clusterFlags,
  output: outputFlag(["table", "json", "yaml"]),
} as const satisfies FlagTable;

type Given = FlagValues<typeof callFlags>;

/** Sends admission reviews to the webhooks of a configuration as an API server would, and shows what came back. */
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
    const kubeconfig = await webhookKubeconfigOf(flags);
    const cluster = await findCluster({ ...flags, env: io.env });
    const client = createRestClient(cluster.client);
    const cache = createTokenCache({ server: client.server, client: createTokenRequestClient(client) });
    const resolver = createAuthenticationInfoResolver({
      ...{ ...kubeconfig, execEnv: io.env },
      ...tokensOf(flags, cache),
    });
    const webhooks = createWebhookClient({ resolver, services });
    try {
      const read = { ...(await readConfiguration(client, named)), kind: named.kind };
      const attributes = await callAttributes(client, {
        ...{ object, operation: flags.operation, dryRun: flags["dry-run"], name: flags.name },
        ...{ resource: flags.resource, subResource: flags.subresource, unserved: flags.force },
        namespace: flags.namespace ?? cluster.namespace,
      });
      const targets = targetsOf(withAuthenticationSources(read), flags.webhook, attributes.resource.group);
      if (flags["if-issued"] && (await isGateOff(resolver, targets))) {
        io.stdout.write(notIssued);
        return 0;
      }
      const calls = await callInOrder(targets, attributes, {
        client: webhooks,
        force: flags.force,
        namespaceLabels: liveNamespaceLabels(client),
        matchConditions: createMatchConditionEvaluator({ authorizer: authorizerOf(client) }),
      });
      const { output, "show-request": showRequest } = flags;
      io.stdout.write(formatCallReports(calls, { output, showRequest }));
      return calls.every(({ report }) => report.allowed) ? 0 : 1;
    } finally {
      webhooks.close();
      cache.close();
      client.close();
    }
  },
});

const notIssued =
  "not called: the API server issues no webhook-bound tokens (feature gate APIServerWebhookAuthenticationToken, 1.37 or later)\n";

/** Any other reason for having no token is shown by the call that is made without. */
async function isGateOff(
  resolver: AuthenticationInfoResolver,
  targets: readonly WebhookTarget[],
): Promise<boolean> {
  for (const target of targets) {
    const { requestedToken } = await resolver.clientConfigForWebhook(target);
    const error = await requestedToken?.token().then(() => undefined, errorCodeOf);
    if (error === "ERR_TOKEN_REQUEST_GATE_OFF") return true;
  }
  return false;
}

function targetsOf(
  configuration: WebhookConfiguration,
  name: string | undefined,
  apiGroup: string,
): readonly WebhookTarget[] {
  const { kind, metadata } = configuration;
  const target = { kind, configuration: { name: metadata.name ?? "", uid: metadata.uid ?? "" }, apiGroup };
  return chooseWebhooks(configuration, name).map((webhook) => ({ ...target, webhook }));
}

async function webhookKubeconfigOf(
  flags: Given,
): Promise<Pick<AuthenticationInfoResolverOptions, "kubeconfig">> {
  const { "webhook-kubeconfig": file, "service-account": account } = flags;
  if (flags["if-issued"] && (account === undefined || flags.mode !== "attested"))
    throw new CountersignError("ERR_USAGE", "--if-issued goes with --service-account and --mode=attested");
  // a name that is none is wrong usage, whatever else there is
  if (account !== undefined) parseServiceAccount(account);
  return file === undefined ? {} : { kubeconfig: await loadKubeconfig({ files: [file], mustExist: true }) };
}

function tokensOf(flags: Given, cache: TokenCache): Pick<AuthenticationInfoResolverOptions, "tokens"> {
  const { "service-account": account, mode, "api-group": apiGroup } = flags;
  if (account === undefined) return {};
  const group = apiGroup === undefined ? {} : { apiGroup };
  return { tokens: { cache, serviceAccount: parseServiceAccount(account), mode, ...group } };
}

/** Asked only where a match condition asks. */
function authorizerOf(client: RestClient): Authorizer {
  const path = apiPath("apis", "authorization.k8s.io", "v1", "subjectaccessreviews");
  return createSubjectAccessReviewAuthorizer({
    client: {
      createSubjectAccessReview: async (body, { signal }) =>
        (await client.request<SubjectAccessReview>({ path, body, signal })).body,
    },
  });
}

function serviceResolverOf(address: string | undefined): ServiceResolver {
  if (address === undefined) return dnsServiceResolver;
  const [, host, port] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(address) ?? [];
  if (host === undefined) throw new CountersignError("ERR_USAGE", `--resolve=${address}: must be HOST:PORT`);
  return { resolve: () => ({ host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) }) };
}
