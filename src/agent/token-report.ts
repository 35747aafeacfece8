import type { Log } from "../monitoring/log.ts";
import { type EndpointState, missingTokenError } from "./endpoint-state.ts";

/** Says in the log when a token came or went missing, and which webhook stands in its own way, once each. */
export function createTokenReport(log: Pick<Log, "write">): (states: readonly EndpointState[]) => void {
  const known = new Map<string, string>();
  const changed = (key: string, said: string): boolean => {
    if (known.get(key) === said) return false;
    known.set(key, said);
    return true;
  };

  function reportToken({ hostPort: host, webhooks, token, failure, settled }: EndpointState): void {
    if (!settled) return;
    const names = webhooks.map(({ configuration, webhook }) => `${configuration.name}/${webhook.name}`);
    if (failure !== undefined && changed(host, failure.code))
      log.write("warn", "no token", {
        host,
        webhooks: names,
        code: failure.code,
        detail: failure.message,
      });
    if (token !== undefined && changed(host, ""))
      log.write("info", "token held", { host, webhooks: names, expiresAt: new Date(token.expiresAt) });
  }

  function reportInterceptor({ hostPort: host, interceptor }: EndpointState): void {
    if (changed(`${host} intercepts`, interceptor?.webhook.name ?? "") && interceptor !== undefined) {
      const { code, message } = missingTokenError(host, interceptor, undefined);
      log.write("warn", "a webhook is called for its own token", { host, code, detail: message });
    }
  }

  return (states) => {
    for (const state of states) {
      reportToken(state);
      reportInterceptor(state);
    }
    forgetOthers(known, states);
  };
}

/** Of hosts that are no longer kept nothing is remembered. */
function forgetOthers(known: Map<string, string>, states: readonly EndpointState[]): void {
  const hosts = new Set(states.map(({ hostPort }) => hostPort));
  for (const key of known.keys()) if (!hosts.has(key.split(" ")[0]!)) known.delete(key);
}
