import { posix } from "node:path";
import type { WebhookClientConfig } from "../../apis/admissionregistration.ts";
import { CountersignError } from "../../errors.ts";
import { serviceHostPort, withDefaultPort } from "../../kubeconfig/find-user.ts";

const defaultPort = 443;

/** A Service webhook's Service. */
export interface WebhookService {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
}

/** Where a webhook is called, as kube-apiserver derives it from the clientConfig. */
export interface WebhookAddress {
  /** What credentials are looked up by: `host:port`. */
  readonly hostPort: string;
  /** The Host header: with its port for a Service, as written for a URL. */
  readonly host: string;
  /** On the wire: cleaned, so not what an audience is made of. */
  readonly path: string;
  /** Absent for a URL webhook, which is dialled as it stands. */
  readonly service?: WebhookService;
  /** What the certificate has to be for. */
  readonly serverName: string;
  readonly port: number;
  /** PEM. */
  readonly caBundle?: string;
}

/**
 * The address of a webhook.
 * @throws ERR_WEBHOOK_CALL for a URL that is not `https://host[/path]`, or neither or both of url and service.
 */
export function webhookAddress(clientConfig: WebhookClientConfig): WebhookAddress {
  const { url, service, caBundle } = clientConfig;
  if ((url === undefined) === (service === undefined))
    throw unusable("exactly one of url and service must be set");
  const address = url === undefined ? serviceAddress(service!) : urlAddress(url);
  return caBundle ? { ...address, caBundle: Buffer.from(caBundle, "base64").toString("latin1") } : address;
}

function serviceAddress(reference: NonNullable<WebhookClientConfig["service"]>): WebhookAddress {
  const { name, namespace, path = "" } = reference;
  const port = reference.port || defaultPort;
  if (name === "" || namespace === "") throw unusable("service: name and namespace are required");
  const hostPort = serviceHostPort(name, namespace, port);
  return {
    hostPort,
    host: hostPort,
    path: wirePath(path),
    service: { name, namespace, port },
    serverName: `${name}.${namespace}.svc`,
    port,
  };
}

/** By string rules, because `URL` would change what goes on the wire; what these let pass is a host all the same. */
function urlAddress(url: string): WebhookAddress {
  const [, host, rawPath = ""] = /^https:\/\/([^/?#\\\s]+)(\/[^?#]*)?\??#?$/.exec(url) ?? [];
  if (host === undefined || host.includes("@"))
    throw unusable(
      `url ${JSON.stringify(url)}: desired format: https://host[/path], without user, query or fragment`,
    );
  const hostPort = withDefaultPort(host);
  const { hostname, port } = URL.canParse(url) ? new URL(url) : { hostname: "", port: "" };
  if (hostname === "") throw unusable(`url ${JSON.stringify(url)}: its host is none`);
  return {
    hostPort,
    host,
    path: wirePath(decodePath(rawPath, url)),
    serverName: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port || defaultPort),
  };
}

function decodePath(path: string, url: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw unusable(`url ${JSON.stringify(url)}: its path holds an invalid escape`);
  }
}

/**
 * client-go joins and cleans the path (`path.Join`): no trailing or double slash, no `..`, `%2F` become `/`. Then Go
 * escapes what RFC 3986 reserves for other places.
 */
function wirePath(path: string): string {
  const clean = posix.join("/", path.toWellFormed());
  const trimmed = clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
  return encodeURI(trimmed).replace(
    /[!'()*?#]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function unusable(message: string): CountersignError {
  return new CountersignError("ERR_WEBHOOK_CALL", `clientConfig: ${message}`);
}
