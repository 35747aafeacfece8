import type { X509Certificate } from "node:crypto";
import type { RequestHeaderConfiguration } from "../authentication/request-header.ts";
import { parseCABundle } from "../certificates/ca-bundle.ts";
import { CountersignError } from "../errors.ts";

/** Where an API server tells aggregated servers whom to believe. */
export const authenticationConfigMap = {
  namespace: "kube-system",
  name: "extension-apiserver-authentication",
} as const;

const where = `ConfigMap ${authenticationConfigMap.namespace}/${authenticationConfigMap.name}`;

/** Whom the ConfigMap says to believe. Each part stays the same object until what is written of it changes. */
export interface AuthenticationConfiguration {
  /** The CA certificates of users; empty where there are none. */
  readonly clientCA: readonly X509Certificate[];
  /** The front proxy; undefined where there is none. */
  readonly requestHeader: RequestHeaderConfiguration | undefined;
  /** What `clientCA` and `requestHeader` were read from. */
  readonly texts: readonly [clientCA: string, requestHeader: string];
}

export const nobodyBelieved: AuthenticationConfiguration = {
  clientCA: [],
  requestHeader: undefined,
  texts: ["", ""],
};

/** What became of a configuration, and what of the new one could not be taken. */
export interface TakenConfiguration {
  readonly configuration: AuthenticationConfiguration;
  readonly faults: readonly CountersignError[];
}

/**
 * The ConfigMap's `data`, after what it said before. The two parts stand for themselves: one that is broken, or that was
 * there and is gone, stays as it was last good, and is told.
 */
export function takeConfiguration(data: unknown, last: AuthenticationConfiguration): TakenConfiguration {
  const members = isObject(data) ? data : {};
  const faults: CountersignError[] = [];
  const keep = <T>(text: string, lastText: string, kept: T, what: string, read: () => T): [T, string] => {
    if (text === lastText) return [kept, lastText];
    try {
      if (text === "") throw fault(what, "is gone; what it said last stays in force");
      return [read(), text];
    } catch (error) {
      // what is none of our errors is a fault of ours, and not the ConfigMap's
      if (!(error instanceof CountersignError)) throw error;
      faults.push(error);
      return [kept, lastText];
    }
  };
  const [clientCA, clientCAText] = keep(
    textOf(members, ["client-ca-file"]),
    last.texts[0],
    last.clientCA,
    "client-ca-file",
    () => certificates(members, "client-ca-file"),
  );
  const [requestHeader, requestHeaderText] = keep(
    members[proxyCAKey] ? textOf(members, requestHeaderKeys) : "",
    last.texts[1],
    last.requestHeader,
    proxyCAKey,
    () => requestHeaderOf(members),
  );
  const configuration = { clientCA, requestHeader, texts: [clientCAText, requestHeaderText] as const };
  return { configuration, faults };
}

type Data = Readonly<Record<string, unknown>>;

const proxyCAKey = "requestheader-client-ca-file";
const listKeys = {
  allowedNames: "requestheader-allowed-names",
  usernameHeaders: "requestheader-username-headers",
  uidHeaders: "requestheader-uid-headers",
  groupHeaders: "requestheader-group-headers",
  extraHeaderPrefixes: "requestheader-extra-headers-prefix",
} as const;
const requestHeaderKeys = [proxyCAKey, ...Object.values(listKeys)];

/** Empty where nothing is written under any of the keys. */
function textOf(data: Data, keys: readonly string[]): string {
  const values = keys.map((key) => data[key] || "");
  return values.some((value) => value !== "") ? JSON.stringify(values) : "";
}

function requestHeaderOf(data: Data): RequestHeaderConfiguration {
  return {
    ca: certificates(data, proxyCAKey),
    allowedNames: names(data, listKeys.allowedNames),
    usernameHeaders: names(data, listKeys.usernameHeaders),
    uidHeaders: names(data, listKeys.uidHeaders),
    groupHeaders: names(data, listKeys.groupHeaders),
    extraHeaderPrefixes: names(data, listKeys.extraHeaderPrefixes),
  };
}

function certificates(data: Data, key: string): readonly X509Certificate[] {
  const pem = data[key];
  if (typeof pem !== "string") throw fault(key, "expected a text in PEM");
  return parseCABundle(pem, `${where}, ${key}`).certificates;
}

function names(data: Data, key: string): readonly string[] {
  const text = data[key] ?? "";
  if (text === "") return [];
  const list = typeof text === "string" ? parsed(text) : undefined;
  // as Go writes and reads a slice of nothing
  if (list === null) return [];
  if (!Array.isArray(list) || !list.every((name) => typeof name === "string"))
    throw fault(key, "expected a JSON list of strings");
  return list;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fault(key: string, why: string): CountersignError {
  return new CountersignError("ERR_CONFIGURATION", `${where}, ${key}: ${why}`);
}
