import type { Webhook, WebhookConfiguration } from "../../apis/admissionregistration.ts";
import { isObject, ownMember, parseStrictObject } from "../../authentication/strict-json.ts";
import { didYouMean } from "../../configuration/nearest-name.ts";
import { diagnosticsChannel } from "../../diagnostics.ts";
import { CountersignError } from "../../errors.ts";
import { markFaulty } from "./configuration-faults.ts";

/** Says of webhooks by name what `clientConfig.authenticationSource` says where an API server keeps that field. */
export const authenticationSourceAnnotation = "countersign.dev/authentication-source";

/**
 * A configuration whose annotation `countersign.dev/authentication-source` has been carried out: KEP-2510's
 * `clientConfig.authenticationSource` set on each webhook that it names, as in
 * `{"a.example.com": {"tokenRequest": {}}}`. Without the annotation it is the same object.
 * @throws ERR_CONFIGURATION for an annotation that is no such JSON object, has a member twice, or names a webhook that
 * the configuration has not or a source that there is not.
 */
export function withAuthenticationSources(configuration: WebhookConfiguration): WebhookConfiguration {
  const { annotations = {} } = configuration.metadata;
  if (!Object.hasOwn(annotations, authenticationSourceAnnotation)) return configuration;
  const sources = parseSources(configuration, String(annotations[authenticationSourceAnnotation]));
  const webhooks = (configuration.webhooks ?? []).map((webhook): Webhook => {
    const { clientConfig } = webhook;
    if (!sources.has(webhook.name)) return webhook;
    return { ...webhook, clientConfig: { ...clientConfig, authenticationSource: { tokenRequest: {} } } };
  });
  return { ...configuration, webhooks };
}

const channel = diagnosticsChannel("countersign:configuration");

/** The same for a source that must not stop for one configuration: a fault is told, and held against its webhooks only. */
export function withAuthenticationSourcesOrFault(configuration: WebhookConfiguration): WebhookConfiguration {
  try {
    return withAuthenticationSources(configuration);
  } catch (error) {
    const { kind, metadata } = configuration;
    if (!(error instanceof CountersignError)) throw error;
    channel.publish({ kind, name: metadata.name ?? "", code: error.code, detail: error.message });
    return markFaulty(configuration, error);
  }
}

/** The names of the webhooks that ask for a token. */
function parseSources(configuration: WebhookConfiguration, text: string): ReadonlySet<string> {
  const { kind, metadata, webhooks } = configuration;
  const where = `${kind} ${JSON.stringify(metadata.name ?? "")}, annotation ${authenticationSourceAnnotation}`;
  const known = (webhooks ?? []).map(({ name }) => name);
  const sources = parseObject(text, where);
  for (const [name, source] of Object.entries(sources)) {
    const problem = known.includes(name)
      ? sourceProblem(source, name)
      : `it has no webhook ${JSON.stringify(name)}${didYouMean(name, known)}`;
    if (problem !== undefined) throw new CountersignError("ERR_CONFIGURATION", `${where}: ${problem}`);
  }
  return new Set(Object.keys(sources));
}

function parseObject(text: string, where: string): Readonly<Record<string, unknown>> {
  try {
    return parseStrictObject(text, where);
  } catch (error) {
    throw new CountersignError("ERR_CONFIGURATION", (error as Error).message);
  }
}

function sourceProblem(source: unknown, name: string): string | undefined {
  const form = `write {${JSON.stringify(name)}: {"tokenRequest": {}}}`;
  if (!isObject(source)) return `the source of ${JSON.stringify(name)} is not a JSON object: ${form}`;
  const members = Object.keys(source);
  const unknown = members.find((member) => member !== "tokenRequest");
  if (unknown !== undefined)
    return `${JSON.stringify(name)} has the unknown source ${JSON.stringify(unknown)}: ${form}`;
  if (members.length === 0) return `${JSON.stringify(name)} has no source: ${form}`;
  const request = ownMember(source, "tokenRequest");
  const empty = isObject(request) && Object.keys(request).length === 0;
  return empty ? undefined : `tokenRequest of ${JSON.stringify(name)} is not {}: ${form}`;
}
