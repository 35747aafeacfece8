import { encodeLossless } from "../admission/json-encoder.ts";
import { parseLossless } from "../admission/json-runtime.ts";
import { isJSONObject, type JSONValue } from "../admission/json-value.ts";
import { decodeStatus } from "../apis/status.ts";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { type ConnectionPool, createConnectionPool, exchange } from "../transport/http-exchange.ts";
import { impersonationHeaders } from "../transport/rest-client.ts";
import type { AuthenticationInfoResolver, WebhookTarget } from "./authentication-info-resolver.ts";
import type { ClientConfig } from "./client-config.ts";
import { dnsServiceResolver, type ServiceResolver } from "./service-resolver.ts";
import { type WebhookAddress, webhookAddress } from "./webhook-address.ts";

/** What kube-apiserver sends, in aggregated servers too. */
const userAgent = "kube-apiserver-admission";
const defaultMaxResponseBytes = 10 * 1024 * 1024;
/** As many as kube-apiserver keeps webhook clients. */
const maxPools = 200;
/** The call itself needs the rest of its time. */
const longestTokenWaitMs = 2_000;
/** A webhook that refuses a token as new as this will refuse the next one as well. */
const youngestRefusedMs = 10_000;

export interface WebhookClientOptions {
  readonly resolver: AuthenticationInfoResolver;
  /** Default: cluster DNS. */
  readonly services?: ServiceResolver;
  /** Default 10 MiB. */
  readonly maxResponseBytes?: number;
  readonly clock?: Clock;
}

export interface WebhookCallOptions {
  /** For the call as a whole, token included; the webhook is told, in whole seconds rounded up. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** False: send a token only if one is held, and mint behind the call. See {@link interceptsTokenRequests}. Default true. */
  readonly awaitToken?: boolean;
}

export type PresentedCredential = "requestedToken" | "token" | "basic" | "clientCertificate";

/** A webhook's answer, read but not judged. */
export interface WebhookAnswer {
  readonly httpStatus: number;
  readonly body: JSONValue;
  /** What went along. */
  readonly credentials: readonly PresentedCredential[];
  /** Why a requested token did not. */
  readonly tokenError?: unknown;
}

/** Calls webhooks as kube-apiserver does, one request and one answer at a time. */
export interface WebhookClient {
  /**
   * Posts the review. A token goes over verified https to this webhook alone, is attached to this call alone, and no
   * redirect is followed; without a token to be had the call carries no bearer at all.
   * @throws ERR_WEBHOOK_CALL for whatever kept a 2xx with JSON from coming, the Status of an unsuccessful answer or the
   * transport's error as cause; the signal's reason.
   */
  call(target: WebhookTarget, review: JSONValue, options: WebhookCallOptions): Promise<WebhookAnswer>;
  close(): void;
}

interface Bearer {
  readonly header?: string;
  readonly credential?: PresentedCredential;
  readonly tokenError?: unknown;
}

/** A webhook client with kept-alive connections, at most 200 kinds of them; see {@link WebhookClient}. */
export function createWebhookClient(options: WebhookClientOptions): WebhookClient {
  const { resolver, services = dnsServiceResolver, clock = systemClock } = options;
  const pools = new Map<string, ConnectionPool>();

  /** By everything that decides what is at the other end, and whom it takes us for; a token is attached per call. */
  function poolFor(address: WebhookAddress, { ca, clientCertificate }: ClientConfig): ConnectionPool {
    const cas = [ca, address.caBundle].filter(Boolean).join("\n");
    const key = JSON.stringify([address.serverName, cas, clientCertificate?.certificate]);
    const pool =
      pools.get(key) ??
      createConnectionPool({ ca: cas || undefined, clientCertificate, serverName: address.serverName });
    pools.delete(key);
    pools.set(key, pool);
    // what is dropped may be in use; left alone, its connections end by their idle time-out
    if (pools.size > maxPools) pools.delete(pools.keys().next().value!);
    return pool;
  }

  async function attempt(
    target: WebhookTarget,
    address: WebhookAddress,
    review: JSONValue,
    call: WebhookCallOptions,
  ): Promise<WebhookAnswer> {
    const deadline = performance.now() + call.timeoutMs;
    const config = await resolver.clientConfigForWebhook(target);
    const bearer = await bearerFor(config, call);
    const pool = poolFor(address, config);
    const body = Buffer.from(encodeLossless(review));
    const sentAt = clock.now();
    const dialled = address.service === undefined ? undefined : await services.resolve(address.service);
    const response = await exchange({
      pool,
      host: dialled?.host ?? address.serverName,
      port: dialled?.port ?? address.port,
      method: "POST",
      path: timedPath(address, call),
      headers: headersOf(address, config, body, bearer),
      body,
      timeoutMs: Math.max(0, deadline - performance.now()),
      maxResponseBytes: options.maxResponseBytes ?? defaultMaxResponseBytes,
      signal: call.signal,
      peer: `https://${address.host}`,
    });
    const { status } = response;
    const answer = readAnswer(status, response.body.toString("utf8"));
    if (status === 401 || deniedAs401(answer))
      config.requestedToken?.resetOlderThan(sentAt - youngestRefusedMs);
    // client-go's notion of success
    if (status < 200 || status > 206)
      throw new CountersignError("ERR_API_STATUS", statusMessage(status, answer), {
        cause: decodeStatus(status, answer),
      });
    if (answer === undefined) throw new CountersignError("ERR_TRANSPORT", "the answer is not JSON");
    return {
      httpStatus: status,
      body: answer,
      credentials: presented(config, bearer),
      ...(bearer.tokenError === undefined ? {} : { tokenError: bearer.tokenError }),
    };
  }

  return {
    async call(target, review, call) {
      const { name, clientConfig } = target.webhook;
      try {
        return await attempt(target, webhookAddress(clientConfig), review, call);
      } catch (error) {
        if (call.signal?.aborted && error === call.signal.reason) throw error;
        throw callError(name, clientConfig.url ?? "", target, call, error);
      }
    },
    close() {
      for (const pool of pools.values()) pool.close();
      pools.clear();
    },
  };
}

function timedPath({ path }: WebhookAddress, { timeoutMs }: WebhookCallOptions): string {
  return `${path}?timeout=${Math.ceil(timeoutMs / 1000)}s`;
}

async function bearerFor(config: ClientConfig, call: WebhookCallOptions): Promise<Bearer> {
  const { requestedToken, token, basic } = config;
  if (requestedToken !== undefined) {
    if (call.awaitToken === false) return bearerOf(requestedToken.held()?.token, "requestedToken");
    const signal = AbortSignal.timeout(Math.min(longestTokenWaitMs, call.timeoutMs / 2));
    return requestedToken.token({ signal }).then(
      (minted) => bearerOf(minted.token, "requestedToken"),
      // KEP-6060: the call goes out all the same, and a webhook that requires a token refuses it
      (tokenError: unknown) => ({ tokenError }),
    );
  }
  if (token !== undefined) return bearerOf((await token.token()).token, "token");
  if (basic === undefined) return {};
  const pair = `${basic.username}:${basic.password.reveal()}`;
  return { header: `Basic ${Buffer.from(pair).toString("base64")}`, credential: "basic" };
}

function bearerOf(token: Secret | undefined, credential: PresentedCredential): Bearer {
  return token === undefined ? {} : { header: `Bearer ${token.reveal()}`, credential };
}

/** Names, spelling and order are what Go puts on the wire. */
function headersOf(address: WebhookAddress, config: ClientConfig, body: Buffer, bearer: Bearer): string[] {
  return [
    ...["Host", address.host],
    ...["User-Agent", userAgent],
    ...["Content-Length", String(body.length)],
    ...["Accept", "application/json, */*"],
    ...(bearer.header === undefined ? [] : ["Authorization", bearer.header]),
    ...["Content-Type", "application/json"],
    ...(config.impersonate === undefined ? [] : impersonationHeaders(config.impersonate)),
  ];
}

function presented({ clientCertificate }: ClientConfig, { credential }: Bearer): PresentedCredential[] {
  return [
    ...(credential === undefined ? [] : [credential]),
    ...(clientCertificate === undefined ? [] : (["clientCertificate"] as const)),
  ];
}

function readAnswer(status: number, text: string): JSONValue | undefined {
  try {
    return parseLossless(text);
  } catch {
    // an unsuccessful answer may be of any kind, and is shown
    return status > 206 ? text : undefined;
  }
}

/** How a webhook refuses a caller so that `failurePolicy: Ignore` does not undo it. */
function deniedAs401(answer: JSONValue | undefined): boolean {
  const response = member(answer, "response");
  return member(response, "allowed") === false && member(member(response, "status"), "code") === 401;
}

function member(value: JSONValue | undefined, name: string): JSONValue | undefined {
  return value !== undefined && isJSONObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function statusMessage(status: number, answer: JSONValue | undefined): string {
  const { message, reason } = decodeStatus(status, answer);
  return `the webhook answered ${status}: ${message || reason || "no explanation"}`;
}

function callError(
  name: string,
  url: string,
  target: WebhookTarget,
  call: WebhookCallOptions,
  cause: unknown,
): CountersignError {
  const where = addressText(target, call) ?? url;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CountersignError(
    "ERR_WEBHOOK_CALL",
    `failed calling webhook ${JSON.stringify(name)}: failed to call webhook: Post ${JSON.stringify(where)}: ${reason}`,
    { cause },
  );
}

function addressText({ webhook }: WebhookTarget, call: WebhookCallOptions): string | undefined {
  try {
    const address = webhookAddress(webhook.clientConfig);
    return `https://${address.host}${timedPath(address, call)}`;
  } catch {
    return undefined;
  }
}
