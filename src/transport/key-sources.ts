import { readFile } from "node:fs/promises";
import type { FetchedKeys, KeySource } from "../authentication/token-issuer.ts";
import { CountersignError } from "../errors.ts";
import { createRestClient, type RestClient } from "./rest-client.ts";

const discoveryPath = "/.well-known/openid-configuration";
/** Where an API server serves its keys; what `jwks_uri` says is for others (pkg/routes/openidmetadata.go). */
const clusterKeysPath = "/openid/v1/jwks";
/** Ten RSA-4096 keys take 10 KiB. */
const maxDocumentBytes = 1024 * 1024;
const fetchTimeoutMs = 5_000;

/**
 * The keys of an API server's own ServiceAccount issuer, fetched at the address and with the credentials of `client`,
 * which go nowhere else: `jwks_uri` is not followed. Who the issuer is comes from the discovery document.
 */
export function createClusterKeySource(client: RestClient): KeySource {
  return {
    async fetchKeys({ signal }) {
      const { issuer } = await fetchDocument(client, discoveryPath, signal);
      return {
        issuer: nonEmpty(issuer, "issuer"),
        jwks: await fetchDocument(client, clusterKeysPath, signal),
      };
    },
  };
}

export interface RemoteKeySourceOptions {
  /** The `iss` of the tokens, and where discovery is asked. */
  readonly issuerUrl: string;
  /** PEM. Without it and `caFile` the system's roots decide. */
  readonly ca?: string;
  /** Read again for every fetch. */
  readonly caFile?: string;
}

/**
 * The keys of any OpenID issuer, fetched over verified https without credentials. `jwks_uri` counts only on the
 * issuer's own origin, and the document has to name the issuer that was asked.
 * @throws ERR_ISSUER_UNAVAILABLE from the call for an issuer that is no https URL, and from `fetchKeys`.
 */
export function createRemoteKeySource(options: RemoteKeySourceOptions): KeySource {
  const base = options.issuerUrl.replace(/\/$/, "");
  const { origin } = httpsURL(options.issuerUrl, "issuer");
  return {
    async fetchKeys({ signal }) {
      const ca =
        options.ca ?? (options.caFile === undefined ? undefined : await readFile(options.caFile, "utf8"));
      const client = createRestClient({ server: origin, ca });
      try {
        return await discover(client, base.slice(origin.length), options.issuerUrl, signal);
      } finally {
        client.close();
      }
    },
  };
}

async function discover(
  client: RestClient,
  prefix: string,
  issuerUrl: string,
  signal: AbortSignal,
): Promise<FetchedKeys> {
  const { issuer, jwks_uri: keysURL } = await fetchDocument(client, `${prefix}${discoveryPath}`, signal);
  // OpenID Connect Discovery 1.0 4.3
  if (issuer !== issuerUrl)
    throw unavailable(`the discovery document at ${issuerUrl} is of issuer ${JSON.stringify(issuer)}`);
  const { origin, pathname, search } = httpsURL(nonEmpty(keysURL, "jwks_uri"), "jwks_uri");
  if (origin !== client.server)
    throw unavailable(
      `jwks_uri is on ${origin}, not on the issuer's own ${client.server}: it is not followed`,
    );
  return { issuer, jwks: await fetchDocument(client, `${pathname}${search}`, signal) };
}

async function fetchDocument(
  client: RestClient,
  path: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await client.request<unknown>({
    path,
    signal,
    timeoutMs: fetchTimeoutMs,
    maxResponseBytes: maxDocumentBytes,
  });
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return { ...body };
  throw unavailable(`${client.server}${path} did not answer with a JSON object`);
}

function httpsURL(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:") throw unavailable(`${name} ${JSON.stringify(text)} is no https URL`);
  return url;
}

function nonEmpty(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw unavailable(`the discovery document has no ${name}`);
}

function unavailable(message: string): CountersignError {
  return new CountersignError("ERR_ISSUER_UNAVAILABLE", message);
}
