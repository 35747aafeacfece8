import type { X509Certificate } from "node:crypto";
import type { RequestHeaderConfiguration } from "../authentication/request-header.ts";
import { parseCABundle } from "../certificates/ca-bundle.ts";
import { diagnosticsChannel, type ReloadMessage } from "../diagnostics.ts";
import { CountersignError, errorMessageOf } from "../errors.ts";
import { apiStatusOf } from "./api-status.ts";
import { apiPath, type RestClient } from "./rest-client.ts";

const where = "ConfigMap kube-system/extension-apiserver-authentication";
const path = apiPath(
  "api",
  "v1",
  "namespaces",
  "kube-system",
  "configmaps",
  "extension-apiserver-authentication",
);

/** Who may read the ConfigMap, and how often it is read. */
export interface AuthenticationConfigMapOptions {
  /** The API server; its user needs the Role `extension-apiserver-authentication-reader` in kube-system. */
  readonly client: Pick<RestClient, "request">;
  /** Default 60 000 (1 min). */
  readonly pollIntervalMs?: number;
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

interface Content {
  readonly text: string;
  readonly clientCA: readonly X509Certificate[];
  readonly requestHeader: RequestHeaderConfiguration | undefined;
}

const nothing: Content = { text: "", clientCA: [], requestHeader: undefined };
const reloads = diagnosticsChannel("countersign:reload");

/**
 * Reads `kube-system/extension-apiserver-authentication`, where kube-apiserver writes its `--client-ca-file` and
 * `--requestheader-*` flags, and reads it again every minute. Where there is no such ConfigMap nobody is believed by it. What
 * was read last stays in force when it is gone, empty or broken, which is told on `countersign:reload`. It holds no process.
 * @throws at first: ERR_API_STATUS for who may not read it, ERR_TRANSPORT, ERR_CERTIFICATE_INVALID or ERR_CONFIGURATION
 * naming the key.
 */
export async function watchAuthenticationConfigMap(
  options: AuthenticationConfigMapOptions,
): Promise<AuthenticationConfigMap> {
  const { client, pollIntervalMs = 60_000 } = options;
  let content = (await read(client)) ?? nothing;

  const check = async (): Promise<void> => {
    try {
      const data = await fetchData(client);
      if (data === undefined || textOf(data) === content.text) return;
      content = contentOf(data);
      publish("reloaded");
    } catch (error) {
      publish("failed", errorMessageOf(error));
    }
  };
  const timer = setInterval(() => void check(), pollIntervalMs).unref();
  return {
    clientCA: () => content.clientCA,
    requestHeader: () => content.requestHeader,
    check,
    close: () => clearInterval(timer),
  };
}

function publish(outcome: ReloadMessage["outcome"], detail?: string): void {
  reloads.publish({ what: "clientCA", file: where, outcome, ...(detail !== undefined && { detail }) });
}

type Data = Readonly<Record<string, unknown>>;

async function read(client: AuthenticationConfigMapOptions["client"]): Promise<Content | undefined> {
  const data = await fetchData(client);
  return data && contentOf(data);
}

/** Undefined where there is none, or nothing in it. */
async function fetchData(client: AuthenticationConfigMapOptions["client"]): Promise<Data | undefined> {
  try {
    const { body } = await client.request<{ readonly data?: Data } | undefined>({ path });
    const data = body?.data;
    return data !== undefined && Object.keys(data).length > 0 ? data : undefined;
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

function textOf(data: Data): string {
  return JSON.stringify(Object.entries(data).sort());
}

function contentOf(data: Data): Content {
  const proxyCA = certificates(data, "requestheader-client-ca-file");
  return {
    text: textOf(data),
    clientCA: certificates(data, "client-ca-file") ?? [],
    requestHeader: proxyCA && {
      ca: proxyCA,
      allowedNames: names(data, "requestheader-allowed-names"),
      usernameHeaders: names(data, "requestheader-username-headers"),
      uidHeaders: names(data, "requestheader-uid-headers"),
      groupHeaders: names(data, "requestheader-group-headers"),
      extraHeaderPrefixes: names(data, "requestheader-extra-headers-prefix"),
    },
  };
}

function certificates(data: Data, key: string): readonly X509Certificate[] | undefined {
  const pem = data[key] ?? "";
  if (pem === "") return undefined;
  if (typeof pem !== "string") throw fault(key, "a text in PEM");
  return parseCABundle(pem, `${where}, ${key}`).certificates;
}

function names(data: Data, key: string): readonly string[] {
  const text = data[key] ?? "";
  if (text === "") return [];
  const list = typeof text === "string" ? parsed(text) : undefined;
  if (!Array.isArray(list) || !list.every((name) => typeof name === "string"))
    throw fault(key, "a JSON list of strings");
  return list;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fault(key: string, expected: string): CountersignError {
  return new CountersignError("ERR_CONFIGURATION", `${where}, ${key}: expected ${expected}`);
}
