import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemClock } from "../clock.ts";
import type { ResettableTokenSource } from "../credentials/cached-token-source.ts";
import type { TokenSource } from "../credentials/token-source.ts";
import { CountersignError } from "../errors.ts";
import type { Impersonation } from "../kubeconfig/user-credentials.ts";
import type { Secret } from "../secret.ts";
import { apiStatusError } from "./api-status.ts";
import {
  type ConnectionPool,
  createConnectionPool,
  type ExchangeRequest,
  type ExchangeResponse,
  exchange,
} from "./http-exchange.ts";
import { openStream } from "./http-stream.ts";
import type { TLSClientOptions } from "./tls-client-options.ts";

const defaultTimeoutMs = 10_000;
const defaultMaxResponseBytes = 10 * 1024 * 1024;
/** A Status takes a few hundred bytes. */
const maxRefusalBytes = 64 * 1024;
/** client-go tries ten times more; a webhook's caller has no time for that. */
const maxRetries = 3;

export interface RestClientOptions extends TLSClientOptions {
  /** `https://host[:port][/prefix]`. */
  readonly server: string;
  /** Reset when an answer is 401, if it can be. */
  readonly token?: TokenSource | ResettableTokenSource | undefined;
  readonly basic?: { readonly username: string; readonly password: Secret } | undefined;
  readonly impersonate?: Impersonation | undefined;
  /** For each request as a whole. Default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** Default 10 MiB. */
  readonly maxResponseBytes?: number | undefined;
  /** Default `countersign`. */
  readonly userAgent?: string | undefined;
  readonly clock?: Clock | undefined;
}

export interface RestRequest {
  /** Default GET, or POST with a body. */
  readonly method?: string;
  /** Absolute, without a query; see {@link apiPath}. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `Content-Type` says which kind of JSON is sent, `Accept` which one is wanted: by default `application/json`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly maxResponseBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RestResponse<T> {
  readonly status: number;
  /** Parsed where it is JSON, otherwise text. */
  readonly body: T;
  /** Names in lower case. */
  readonly headers?: IncomingHttpHeaders | undefined;
  /** What the server's clock said, epoch milliseconds, a whole second; undefined where it said nothing. */
  readonly date?: number | undefined;
}

/** Raw JSON to and from one API server. */
export interface RestClient {
  readonly server: string;
  /**
   * @throws ERR_API_STATUS for any answer but 2xx, with the Status as cause; ERR_TRANSPORT and ERR_TRANSPORT_TIMEOUT when
   * there was none; whatever the token source throws.
   */
  request<T>(request: RestRequest): Promise<RestResponse<T>>;
  /** The same, but answers of any status come back. */
  send(request: RestRequest): Promise<RestResponse<unknown>>;
  /**
   * An answer that goes on: its bytes as they come, until it ends, its reader stops or `signal` is aborted. `timeoutMs`
   * bounds the wait for its beginning.
   * @throws as {@link request} does; reading throws ERR_TRANSPORT where the answer breaks off.
   */
  stream(request: RestRequest): Promise<AsyncIterable<Buffer>>;
  /** Closes idle connections. */
  close(): void;
}

/** `/a/b/c` of segments that may hold anything but `.`, `..` and nothing. */
export function apiPath(...segments: readonly string[]): string {
  for (const segment of segments)
    if (segment === "" || segment === "." || segment === "..")
      throw new CountersignError("ERR_TRANSPORT", `${JSON.stringify(segment)} cannot stand in an API path`);
  return `/${segments.map(encodeURIComponent).join("/")}`;
}

/**
 * A client for one API server: keep-alive, a deadline on everything, no redirects, bounded answers. A 429 or 503 with
 * `Retry-After` is tried again up to three times while the deadline allows. A token goes over verified https only.
 * @throws ERR_TRANSPORT for a server that is no URL, or a secret that would go over an unverified connection.
 */
export function createRestClient(options: RestClientOptions): RestClient {
  const base = serverURL(options);
  const pool = createConnectionPool(base.protocol === "https:" ? options : "plain");
  if ((options.token !== undefined || options.basic !== undefined) && !pool.verified)
    throw new CountersignError(
      "ERR_TRANSPORT",
      `${options.server}: a token or password is sent over https with a verified certificate only`,
    );

  const connection = { options, base, pool };

  function once(request: RestRequest, deadline: number): Promise<ExchangeResponse> {
    return resettingToken(options, async () => {
      const prepared = await prepare(connection, request);
      return exchange({ ...prepared, timeoutMs: Math.ceil(deadline - performance.now()) });
    });
  }

  async function send(request: RestRequest): Promise<RestResponse<unknown>> {
    const timeoutMs = request.timeoutMs ?? options.timeoutMs ?? defaultTimeoutMs;
    const deadline = performance.now() + timeoutMs;
    for (let retries = 0; ; retries++) {
      const response = await once(request, deadline);
      const pauseMs = retryAfterMs(response);
      if (pauseMs === undefined || retries === maxRetries || performance.now() + pauseMs >= deadline)
        return { ...response, body: parseBody(response), date: dateOf(response) };
      await delay(pauseMs, undefined, request.signal === undefined ? {} : { signal: request.signal });
    }
  }

  return {
    server: options.server,
    send,
    async request<T>(request: RestRequest) {
      const { status, body, ...rest } = await send(request);
      if (status >= 200 && status < 300) return { status, body: body as T, ...rest };
      throw failureOf(connection, request, status, body);
    },
    async stream(request) {
      const timeoutMs = request.timeoutMs ?? options.timeoutMs ?? defaultTimeoutMs;
      const { status, headers, body } = await resettingToken(options, async () =>
        openStream({ ...(await prepare(connection, request)), timeoutMs }),
      );
      if (status >= 200 && status < 300) return body;
      const refusal = parseBody({ status, headers, body: await readRefusal(body) });
      throw failureOf(connection, request, status, refusal);
    },
    close: () => pool.close(),
  };
}

interface Connection {
  readonly options: RestClientOptions;
  readonly base: URL;
  readonly pool: ConnectionPool;
}

/** The request as it goes on the wire, with the token of now. */
async function prepare(
  { options, base, pool }: Connection,
  request: RestRequest,
): Promise<Omit<ExchangeRequest, "timeoutMs">> {
  const { signal } = request;
  const bearer = await options.token?.token(signal === undefined ? {} : { signal });
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  return {
    pool,
    host: base.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(base.port || (pool.secure ? 443 : 80)),
    method: methodOf(request),
    path: wirePath(base, request),
    headers: headersOf(options, base.host, request, body, bearer?.token),
    body,
    maxResponseBytes: request.maxResponseBytes ?? options.maxResponseBytes ?? defaultMaxResponseBytes,
    signal,
    peer: base.origin,
  };
}

/** A token that was refused is not presented again. */
async function resettingToken<T extends { readonly status: number }>(
  { token, clock = systemClock }: RestClientOptions,
  ask: () => Promise<T>,
): Promise<T> {
  const sentAt = clock.now();
  const response = await ask();
  if (response.status === 401 && token !== undefined && "resetOlderThan" in token)
    token.resetOlderThan(sentAt);
  return response;
}

function failureOf(
  { base }: Connection,
  request: RestRequest,
  status: number,
  body: unknown,
): CountersignError {
  return apiStatusError(`${methodOf(request)} ${base.origin}${request.path}`, status, body);
}

function methodOf({ method, body }: RestRequest): string {
  return method ?? (body === undefined ? "GET" : "POST");
}

/** As much of it as a Status may need. */
async function readRefusal(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxRefusalBytes) break;
  }
  return Buffer.concat(chunks);
}

function serverURL({ server }: RestClientOptions): URL {
  const base = URL.canParse(server) ? new URL(server) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol) || base.search !== "" || base.username !== "")
    throw new CountersignError(
      "ERR_TRANSPORT",
      `server ${JSON.stringify(server)}: must be https://host[:port][/path], without user, query or fragment`,
    );
  return base;
}

function wirePath(base: URL, { path, query }: RestRequest): string {
  const search = query === undefined ? "" : new URLSearchParams(query).toString();
  return `${base.pathname.replace(/\/$/, "")}${path}${search === "" ? "" : `?${search}`}`;
}

function headersOf(
  { basic, impersonate, userAgent = "countersign" }: RestClientOptions,
  host: string,
  request: RestRequest,
  body: Buffer | undefined,
  bearer: Secret | undefined,
): string[] {
  // client-go's Accept: an API server answers 406 where its one representation is another, as for its keys
  const {
    Accept: accept = "application/json, */*",
    "Content-Type": contentType = "application/json",
    ...more
  } = request.headers ?? {};
  const headers = ["Host", host, "User-Agent", userAgent, "Accept", accept];
  if (body !== undefined) headers.push("Content-Type", contentType, "Content-Length", String(body.length));
  if (bearer !== undefined) headers.push("Authorization", `Bearer ${bearer.reveal()}`);
  else if (basic !== undefined) headers.push("Authorization", basicValue(basic));
  if (impersonate !== undefined) headers.push(...impersonationHeaders(impersonate));
  for (const [name, value] of Object.entries(more)) headers.push(name, value);
  return headers;
}

function basicValue({
  username,
  password,
}: {
  readonly username: string;
  readonly password: Secret;
}): string {
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString("base64")}`;
}

/** Groups are repeated headers, never joined: a comma may be part of a name. Order as Go sorts them. */
export function impersonationHeaders({ user, uid, groups, extra }: Impersonation): string[] {
  const extras = Object.entries(extra).flatMap(([key, values]) =>
    values.flatMap((value) => [`Impersonate-Extra-${encodeURIComponent(key)}`, value]),
  );
  return [
    ...extras,
    ...groups.flatMap((group) => ["Impersonate-Group", group]),
    ...(uid === undefined ? [] : ["Impersonate-Uid", uid]),
    ...["Impersonate-User", user],
  ];
}

function parseBody({ body, headers }: ExchangeResponse): unknown {
  const text = body.toString("utf8");
  if (!/^application\/([a-z0-9.-]+\+)?json\b/i.test(headers["content-type"] ?? "")) return text;
  try {
    return JSON.parse(text);
  } catch {
    // without cause: the parser's message quotes the text, and the text may be half a token
    throw new CountersignError("ERR_TRANSPORT", "the answer calls itself JSON and is not");
  }
}

function dateOf({ headers }: ExchangeResponse): number | undefined {
  const instant = Date.parse(headers.date ?? "");
  return Number.isNaN(instant) ? undefined : instant;
}

/** RFC 9110 10.2.3, seconds only, as client-go reads it. */
function retryAfterMs({ status, headers }: ExchangeResponse): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const seconds = headers["retry-after"] ?? "";
  return /^\d{1,4}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}
