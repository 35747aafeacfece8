import { EvaluationError } from "@marcbachmann/cel-js";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import { type CelObject, traversal } from "./cel-values.ts";

/** A URL in the parts that Go's net/url gives it: nothing is normalised. */
class GoURL implements CelObject {
  readonly text: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  constructor(text: string, parts: Readonly<Record<"scheme" | "host" | "path" | "query", string>>) {
    this.text = text;
    this.scheme = parts.scheme;
    this.host = parts.host;
    this.path = parts.path;
    this.query = parts.query;
  }
  equals(other: unknown): boolean {
    return other instanceof GoURL && other.text === this.text;
  }
}

const type = "kubernetes.URL";
const cost = (text: string): number => traversal(text);

/** Kubernetes' url library. */
export const urlLibrary: CelLibrary = {
  types: [{ name: type, valueClass: GoURL, fields: {} }],
  functions: [
    celFunction(`url(string): ${type}`, parseURL, cost),
    celFunction("isURL(string): bool", isURL, cost),
    celFunction(`${type}.getScheme(): string`, ({ scheme }: GoURL) => scheme),
    celFunction(`${type}.getHost(): string`, ({ host }: GoURL) => host),
    celFunction(`${type}.getHostname(): string`, ({ host }: GoURL) =>
      host.replace(/:[0-9]*$/, "").replace(/^\[(.*)\]$/, "$1"),
    ),
    celFunction(`${type}.getPort(): string`, ({ host }: GoURL) => /:([0-9]*)$/.exec(host)?.[1] ?? ""),
    celFunction(`${type}.getEscapedPath(): string`, escapedPath, ({ path }: GoURL) => traversal(path)),
    celFunction(`${type}.getQuery(): map<string, list<string>>`, queryOf, ({ query }: GoURL) => query.length),
  ],
};

const reference =
  /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:[^/?#@]*@)?(\[[0-9a-fA-F:.%a-z]*\](?::[0-9]*)?|[^/?#@[\]:]*(?::[0-9]*)?)(?=[/?#]|$))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;

/**
 * Reads an absolute URL or path, as Go's ParseRequestURI.
 * @throws EvaluationError
 */
function parseURL(text: string): GoURL {
  const [, scheme, host, path = "", query = ""] = reference.exec(text) ?? [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const broken = /[\u0000-\u001f\u007f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(`${host ?? ""}${path}`);
  const absolute = scheme !== undefined || text.startsWith("/");
  if (broken || !absolute || (host === undefined && path.startsWith("//")) || / /.test(host ?? ""))
    throw new EvaluationError("URL parse error during conversion from string: not an absolute URL or path");
  return new GoURL(text, {
    scheme: (scheme ?? "").toLowerCase(),
    host: host ?? "",
    // without a slash it is opaque, which is no path
    path: path.startsWith("/") ? path : "",
    query,
  });
}

function isURL(text: string): boolean {
  if (text === "*") return true;
  try {
    parseURL(text);
    return true;
  } catch {
    return false;
  }
}

function escapedPath({ path }: GoURL): string {
  return path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%]/gu, encodeURIComponent);
}

function queryOf({ query }: GoURL): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const pair of query.split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const [name = "", ...rest] = pair.split("=");
    const [key, value] = [unescapeQuery(name), unescapeQuery(rest.join("="))];
    if (key !== undefined && value !== undefined) result.set(key, [...(result.get(key) ?? []), value]);
  }
  return result;
}

/** Undefined where the escapes are not: Go leaves such pairs out. */
function unescapeQuery(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
