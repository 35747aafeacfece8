import type { WebhookConfiguration } from "../apis/admissionregistration.ts";
import { webhookAudience } from "../apis/audience.ts";
import type { ConfigurationState, TokenCache } from "../credentials/token-cache.ts";
import { webhookHostPort } from "../webhook/endpoints/find-webhooks-by-host-port.ts";

/**
 * Takes back the tokens of configurations that were deleted, replaced under their name, or lost an audience. What it
 * returns is to be called with every new list.
 */
export function dropReplacedTokens(
  cache: Pick<TokenCache, "configurationChanged">,
): (configurations: readonly WebhookConfiguration[]) => void {
  let before = new Map<string, WebhookConfiguration>();
  return (configurations) => {
    const now = new Map(configurations.map((one) => [`${one.kind}/${one.metadata.name}`, one]));
    for (const [key, old] of before)
      if (now.get(key) !== old) cache.configurationChanged(stateOf(old, now.get(key)));
    before = now;
  };
}

function stateOf(old: WebhookConfiguration, current: WebhookConfiguration | undefined): ConfigurationState {
  const callable = (current?.webhooks ?? []).filter(
    ({ clientConfig }) => webhookHostPort(clientConfig) !== undefined,
  );
  return {
    kind: old.kind,
    name: old.metadata.name ?? "",
    uid: current?.metadata.uid,
    audiences: callable.map(({ clientConfig }) => webhookAudience(clientConfig)),
  };
}
