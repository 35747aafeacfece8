import { webhookAudience } from "../apis/audience.ts";
import type { ServiceAccountReference } from "../apis/authentication.ts";
import { formatTime } from "../apis/time.ts";
import { readTokenPayload } from "../credentials/token-payload.ts";
import { type TokenIntent, tokenRequestFor } from "../credentials/token-request.ts";
import { createTokenRequestSource } from "../credentials/token-request-source.ts";
import type { Token } from "../credentials/token-source.ts";
import { CountersignError } from "../errors.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { createRestClient, type RestClient } from "../transport/rest-client.ts";
import { createTokenRequestClient } from "../transport/token-request-client.ts";
import { chooseWebhook, onlyGroupOf } from "./chosen-webhook.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { type Command, defineCommand } from "./command.ts";
import { outputFlag } from "./output-flag.ts";
import { parseServiceAccount } from "./service-account-flag.ts";
import { parseConfigurationName, readConfiguration } from "./webhook-configuration-flag.ts";

type Output = "token" | "json" | "claims";

/** Prints one token on stdout: plain for audiences, or bound to a webhook configuration. */
export const token: Command = defineCommand({
  name: "token",
  summary: "Ask for one token: for an audience, or for a webhook of a configuration",
  example: "countersign token --service-account default --audience https://example.com -o claims",
  flags: {
    "service-account": {
      type: "string",
      value: "[NS/]NAME",
      required: true,
      summary: "whose token it is to be",
    },
    audience: { type: "string", value: "A", multiple: true, summary: "a plain token for this audience" },
    "webhook-configuration": {
      type: "string",
      value: "KIND/NAME",
      summary: "validating/NAME or mutating/NAME: a token bound to it",
    },
    webhook: { type: "string", value: "NAME", summary: "one webhook of it; default: the only one" },
    "api-group": {
      type: "string",
      value: "G|*",
      summary: "the group to attest; default: the one its rules name",
    },
    namespace: { type: "string", short: "n", value: "NS", summary: "of the ServiceAccount" },
    ...clusterFlags,
    output: outputFlag(
      ["token", "json", "claims"],
      "the token alone, the TokenRequest with it, or its claims without it",
    ),
  },
  async run({ flags }, io) {
    assertOneKind(flags);
    const { client: options, namespace } = await findCluster({ ...flags, env: io.env });
    const client = createRestClient(options);
    try {
      const intent = await intentOf(flags, client);
      const serviceAccount = accountOf(flags["service-account"], flags.namespace ?? namespace);
      const source = createTokenRequestSource({
        client: createTokenRequestClient(client),
        serviceAccount,
        intent,
      });
      io.stdout.write(print(await source.token(), intent, flags.output));
      return 0;
    } finally {
      client.close();
    }
  },
});

interface IntentFlags {
  readonly audience: readonly string[];
  readonly "webhook-configuration": string | undefined;
  readonly webhook: string | undefined;
  readonly "api-group": string | undefined;
}

function assertOneKind(flags: IntentFlags): void {
  const { audience, webhook, "webhook-configuration": configuration, "api-group": group } = flags;
  const bound = configuration !== undefined;
  if (bound === audience.length > 0)
    throw usage("exactly one of --audience and --webhook-configuration is needed");
  if (!bound && webhook !== undefined) throw usage("--webhook goes with --webhook-configuration");
  if (!bound && group !== undefined) throw usage("--api-group goes with --webhook-configuration");
  // before anything is asked, so that a mistake is no request
  if (bound) parseConfigurationName(configuration);
}

async function intentOf(flags: IntentFlags, client: RestClient): Promise<TokenIntent> {
  const named = flags["webhook-configuration"];
  if (named === undefined) return { mode: "audience", audiences: flags.audience };
  const { kind, name } = parseConfigurationName(named);
  const configuration = await readConfiguration(client, { kind, name });
  const webhook = chooseWebhook({ ...configuration, kind }, flags.webhook);
  return {
    mode: "attested",
    configuration: { kind, name, uid: configuration.metadata.uid ?? "" },
    audience: webhookAudience(webhook.clientConfig),
    apiGroup: flags["api-group"] ?? onlyGroupOf(webhook),
  };
}

function accountOf(text: string, namespace: string): ServiceAccountReference {
  return text.includes("/") ? parseServiceAccount(text) : { namespace, name: text };
}

function print({ token, expiresAt }: Token, intent: TokenIntent, output: Output): string {
  if (output === "token") return `${token.reveal()}\n`;
  if (output === "claims") return `${JSON.stringify(readTokenPayload(token), undefined, 2)}\n`;
  const expirationTimestamp = formatTime(expiresAt);
  const status = { token: token.reveal(), expirationTimestamp };
  return `${JSON.stringify({ ...tokenRequestFor(intent), status }, undefined, 2)}\n`;
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
