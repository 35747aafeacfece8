import type { IncomingHttpHeaders } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { IssuedCertificate } from "../../src/testing/certificates/certificate-authority.ts";

export interface ApiClientOptions {
  readonly url: string;
  readonly caPem: string;
  readonly token?: string | undefined;
  readonly certificate?: IssuedCertificate;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly body: unknown;
}

export interface ApiRequestOptions {
  readonly body?: unknown;
  /** A list is sent as several headers of one name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

export interface Watch {
  readonly status: number;
  readonly events: readonly WatchEvent[];
  readonly ended: boolean;
  close(): void;
}

/** Talks to an API server as bytes over TLS, without any library that could hide what it answers. */
export interface ApiClient {
  request(method: string, path: string, options?: ApiRequestOptions): Promise<ApiAnswer>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  post(path: string, body: unknown): Promise<ApiAnswer>;
  put(path: string, body: unknown): Promise<ApiAnswer>;
  patch(path: string, contentType: string, body: unknown): Promise<ApiAnswer>;
  delete(path: string, body?: unknown): Promise<ApiAnswer>;
  /** Opens a watch; `events` grows as lines arrive. Close it, or the server holds the connection for minutes. */
  watch(path: string): Promise<Watch>;
  /** The same server as somebody else; without a token, as nobody. */
  as(token?: string): ApiClient;
  close(): void;
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { caPem: ca, certificate } = options;
  const presented = certificate && { cert: certificate.certificatePem, key: certificate.keyPem };
  const agent = new Agent({ keepAlive: true, ca, ...presented });
  const send = (
    method: string,
    path: string,
    { body, headers }: ApiRequestOptions = {},
  ): Promise<ApiAnswer> =>
    new Promise((resolve, reject) => {
      const payload = payloadOf(body);
      const request = httpsRequest(new URL(path, options.url), {
        method,
        agent,
        headers: headersOf(options, payload, headers),
      });
      request.once("error", reject);
      request.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
        });
      });
      request.end(payload);
    });
  return {
    request: send,
    get: (path, headers = {}) => send("GET", path, { headers }),
    post: (path, body) => send("POST", path, { body }),
    put: (path, body) => send("PUT", path, { body }),
    patch: (path, contentType, body) =>
      send("PATCH", path, { body, headers: { "content-type": contentType } }),
    delete: (path, body) => send("DELETE", path, { body }),
    watch: (path) => openWatch(options, path),
    as: (token) => createApiClient({ ...options, token }),
    close: () => agent.destroy(),
  };
}

/** Text and bytes as they are, anything else as JSON. */
function payloadOf(body: unknown): string | Buffer | undefined {
  return body === undefined || typeof body === "string" || Buffer.isBuffer(body)
    ? body
    : JSON.stringify(body);
}

function headersOf(
  { token }: ApiClientOptions,
  payload: string | Buffer | undefined,
  more: ApiRequestOptions["headers"] = {},
): Record<string, string | string[]> {
  return {
    accept: "application/json",
    ...(payload === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(payload)) }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(more as Record<string, string | string[]>),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function openWatch(options: ApiClientOptions, path: string): Promise<Watch> {
  return new Promise((resolve, reject) => {
    const events: WatchEvent[] = [];
    let ended = false;
    let rest = "";
    const request = httpsRequest(new URL(path, options.url), {
      agent: false,
      ca: options.caPem,
      headers: headersOf(options, undefined),
    });
    request.once("error", (error) => (ended ? undefined : reject(error)));
    request.once("response", (response) => {
      response.on("data", (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split("\n");
        rest = lines.pop() ?? "";
        events.push(...lines.filter((line) => line !== "").map((line) => JSON.parse(line) as WatchEvent));
      });
      response.once("error", () => undefined);
      response.once("close", () => (ended = true));
      const close = (): void => {
        ended = true;
        request.destroy();
      };
      resolve({
        status: response.statusCode ?? 0,
        events,
        close,
        get ended() {
          return ended;
        },
      });
    });
    request.end();
  });
}
