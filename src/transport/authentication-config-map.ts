import type { X509Certificate } from "node:crypto";
import type { RequestHeaderConfiguration } from "../authentication/request-header.ts";
import type { Clock } from "../clock.ts";
import { diagnosticsChannel, type ReloadMessage } from "../diagnostics.ts";
import { CountersignError, errorMessageOf } from "../errors.ts";
import { apiStatusOf } from "./api-status.ts";
import {
  type AuthenticationConfiguration,
  authenticationConfigMap,
  nobodyBelieved,
  takeConfiguration,
} from "./authentication-configuration.ts";
import { createReflector, type ReflectorOptions } from "./reflector.ts";
import { apiPath, type RestClient } from "./rest-client.ts";

const { namespace, name } = authenticationConfigMap;
const collection = apiPath("api", "v1", "namespaces", namespace, "configmaps");
const path = `${collection}/${name}`;

/** Who may read the ConfigMap, and how. */
export interface AuthenticationConfigMapOptions {
  /** The API server; its user needs the Role `extension-apiserver-authentication-reader` in kube-system. */
  readonly client: Pick<RestClient, "request" | "stream" | "server">;
  /** How often it is read while it cannot be watched: a grant of `get` alone. Default 60 000 (1 min). */
  readonly pollIntervalMs?: number;
  /** Called when something else is in force. What it throws is told as a reload that failed. */
  readonly onChange?: () => void;
  readonly clock?: Clock;
  /** How the pause before a watch is tried again is waited for. Default: a timer. */
  readonly pause?: ReflectorOptions<unknown>["pause"];
}

/** What an API server tells aggregated servers of whom to believe; each is the same object until it changes. */
export interface AuthenticationConfigMap {
  /** The CA certificates of users; empty where there are none. */
  clientCA(): readonly X509Certificate[];
  /** The front proxy; undefined where there is none. */
  requestHeader(): RequestHeaderConfiguration | undefined;
  /** Reads it now. */
  check(): Promise<void>;
  close(): void;
}

const reloads = diagnosticsChannel("countersign:reload");

/**
 * Reads `kube-system/extension-apiserver-authentication`, where kube-apiserver writes its `--client-ca-file` and
 * `--requestheader-*` flags, and watches that one object from then on. Where there is no such ConfigMap nobody is believed by
 * it. Client CA and front proxy each stay in force as they were read last when they are gone, empty or broken, which is told
 * on `countersign:reload`. It keeps the process alive until it is closed.
 * @throws at first: ERR_API_STATUS for who may not read it, ERR_TRANSPORT, ERR_CERTIFICATE_INVALID or ERR_CONFIGURATION
 * naming the key.
 */
export async function watchAuthenticationConfigMap(
  options: AuthenticationConfigMapOptions,
): Promise<AuthenticationConfigMap> {
  const { client, pollIntervalMs = 60_000, onChange, clock, pause } = options;
  const content = await firstContent(client, onChange);

  const check = async (): Promise<void> => {
    const before = content.takes;
    try {
      const data = await fetchData(client);
      // what the watch has said meanwhile is newer
      if (content.takes === before) content.take(data);
    } catch (error) {
      publish("failed", errorMessageOf(error));
    }
  };
  const reflector = createReflector<unknown>({
    ...{ client, path: collection, resource: "configmaps", name, clock, pause },
    decode: dataOf,
    onChange: () => content.take(reflector.values?.[0]),
  });
  const timer = setInterval(() => {
    if (reflector.failure !== undefined) void check();
  }, pollIntervalMs).unref();
  return {
    clientCA: () => content.current.clientCA,
    requestHeader: () => content.current.requestHeader,
    check,
    close() {
      reflector.close();
      clearInterval(timer);
    },
  };
}

/** What was read last, and how often something was. */
interface Content {
  readonly current: AuthenticationConfiguration;
  readonly takes: number;
  /** Tells what became of it. */
  take(data: unknown): void;
}

async function firstContent(
  client: AuthenticationConfigMapOptions["client"],
  onChange: () => void = () => undefined,
): Promise<Content> {
  const first = takeConfiguration(await fetchData(client), nobodyBelieved);
  if (first.faults[0] !== undefined) throw first.faults[0];
  let current = first.configuration;
  let takes = 0;
  let failing = false;
  return {
    get current() {
      return current;
    },
    get takes() {
      return takes;
    },
    take(data) {
      takes++;
      const { configuration, faults } = takeConfiguration(data, current);
      const isNew = configuration.texts.some((text, index) => text !== current.texts[index]);
      current = configuration;
      const failures = faults.map(({ message }) => message);
      try {
        if (isNew) onChange();
      } catch (error) {
        failures.push(errorMessageOf(error));
      }
      if (isNew || (failing && failures.length === 0)) publish("reloaded");
      failing = failures.length > 0;
      for (const failure of failures) publish("failed", failure);
    },
  };
}

function publish(outcome: ReloadMessage["outcome"], detail?: string): void {
  const file = `ConfigMap ${namespace}/${name}`;
  reloads.publish({ what: "clientCA", file, outcome, ...(detail !== undefined && { detail }) });
}

function dataOf(object: object): unknown {
  return (object as { readonly data?: unknown }).data;
}

/** Undefined where there is none, or nothing in it. */
async function fetchData(client: AuthenticationConfigMapOptions["client"]): Promise<unknown> {
  try {
    const { body } = await client.request<object | undefined>({ path });
    return body && dataOf(body);
  } catch (error) {
    const code = apiStatusOf(error)?.code;
    if (code === 404) return undefined;
    if (code !== 403) throw error;
    throw new CountersignError(
      "ERR_API_STATUS",
      `${(error as Error).message}: bind the Role extension-apiserver-authentication-reader in kube-system to this ServiceAccount`,
      { cause: (error as Error).cause },
    );
  }
}
