import { setTimeout as delay } from "node:timers/promises";
import type { JSONValue } from "../../admission/json-value.ts";
import type { WebhookClientConfig } from "../../apis/admissionregistration.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { CountersignError, errorMessageOf } from "../../errors.ts";
import type { PeerAnswer, PeerConnections, PeerRequest } from "../../transport/peer-connections.ts";
import type { AuthenticationInfoResolver, WebhookTarget } from "./authentication-info-resolver.ts";
import { bearerFor, type PresentedCredential, presentedCredentials } from "./bearer.ts";
import { createConnectionPools, type DialledEndpoint } from "./connection-pools.ts";
import { dnsServiceResolver, type ServiceResolver } from "./service-resolver.ts";
import { type WebhookAddress, webhookAddress } from "./webhook-address.ts";
import { assertSuccess, pauseMs, readAnswer, refusesCaller } from "./webhook-answer.ts";
import {
  encodeReview,
  requestHeaders,
  type ShownRequest,
  showRequest,
  timedPath,
} from "./webhook-request.ts";

const defaultMaxResponseBytes = 10 * 1024 * 1024;
/** client-go's, for a call that nothing else bounds. */
const defaultTimeoutMs = 30_000;
/** client-go's. */
const maxRetries = 10;
/** A webhook that refuses a token as new as this will refuse the next one as well. */
const youngestRefusedMs = 10_000;

/** How webhooks are reached, and as whom. */
export interface WebhookClientOptions {
  readonly resolver: AuthenticationInfoResolver;
  /** Default: cluster DNS. */
  readonly services?: ServiceResolver;
  /** Default 10 MiB. */
  readonly maxResponseBytes?: number;
  /**
   * Whether a 429 or 5xx with `Retry-After` is tried again, ten times at most and within the call's time, as client-go
   * does. Default false: whoever waits for the verdict has no time for that.
   */
  readonly obeyRetryAfter?: boolean;
  readonly clock?: Clock;
}

/** What bounds one call. */
export interface WebhookCallOptions {
  /** For the call as a whole, token included; the webhook is told, in whole seconds rounded up. Default 30 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** False: send a token only if one is held, and mint behind the call. See {@link interceptsTokenRequests}. Default true. */
  readonly awaitToken?: boolean;
  /** Shown what is sent, before it is. */
  readonly onRequest?: (request: ShownRequest) => void;
}

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
   * redirect is followed; without a token to be had the call carries no bearer at all, or is not made where
   * {@link RequestedTokens} are `strict`.
   * @throws ERR_WEBHOOK_CALL for whatever kept a 2xx with JSON from coming, the Status of an unsuccessful answer or the
   * transport's error as cause; the signal's reason.
   */
  call(target: WebhookTarget, review: JSONValue, options?: WebhookCallOptions): Promise<WebhookAnswer>;
  close(): void;
}

/**
 * A webhook client with kept-alive connections, at most 200 kinds of them; see {@link WebhookClient}. Nothing is
 * remembered of a failure: the next call looks up, connects and asks anew.
 */
export function createWebhookClient(options: WebhookClientOptions): WebhookClient {
  const { resolver, services = dnsServiceResolver, clock = systemClock, obeyRetryAfter = false } = options;
  const { maxResponseBytes = defaultMaxResponseBytes } = options;
  const pools = createConnectionPools();
  const addressOf = rememberAddresses();

  async function attempt(target: WebhookTarget, review: JSONValue, call: Call): Promise<WebhookAnswer> {
    const { timeoutMs, deadline, signal } = call;
    const address = addressOf(target.webhook.clientConfig);
    // an await costs a turn of the queue even where there is nothing to wait for
    const resolved = resolver.clientConfigForWebhook(target);
    const config = resolved instanceof Promise ? await resolved : resolved;
    const presented = bearerFor(config, call);
    const bearer = presented instanceof Promise ? await presented : presented;
    const dialled = address.service === undefined ? urlHost(address) : services.resolve(address.service);
    const endpoint = dialled instanceof Promise ? await dialled : dialled;
    const path = timedPath(address, timeoutMs);
    const headers = requestHeaders(address, config, bearer);
    call.onRequest?.(showRequest(address, path, headers));
    const sentAt = clock.now();
    const { status, body } = await post(pools.poolFor(endpoint, address, config), obeyRetryAfter, {
      ...{ method: "POST", path, headers, body: encodeReview(review), maxResponseBytes, signal },
      ...{ timeoutMs: deadline - performance.now(), peer: `https://${address.host}` },
    });
    const answer = readAnswer(status, body);
    if (refusesCaller(status, answer)) config.requestedToken?.resetOlderThan(sentAt - youngestRefusedMs);
    const credentials = presentedCredentials(config, bearer);
    const outcome = { httpStatus: status, body: assertSuccess(status, answer), credentials };
    return bearer.tokenError === undefined ? outcome : { ...outcome, tokenError: bearer.tokenError };
  }

  return {
    async call(target, review, { timeoutMs = defaultTimeoutMs, ...rest } = {}) {
      const call = { ...rest, timeoutMs, deadline: performance.now() + timeoutMs };
      try {
        return await attempt(target, review, call);
      } catch (error) {
        if (call.signal?.aborted && error === call.signal.reason) throw error;
        throw callError(target, timeoutMs, error);
      }
    },
    close: () => pools.close(),
  };
}

interface Call extends WebhookCallOptions {
  readonly timeoutMs: number;
  /** By `performance.now()`. */
  readonly deadline: number;
}

function rememberAddresses(): (clientConfig: WebhookClientConfig) => WebhookAddress {
  const known = new WeakMap<WebhookClientConfig, WebhookAddress>();
  return (clientConfig) => {
    let address = known.get(clientConfig);
    if (address === undefined) {
      address = webhookAddress(clientConfig);
      known.set(clientConfig, address);
    }
    return address;
  };
}

function urlHost({ serverName, port }: WebhookAddress): DialledEndpoint {
  return { host: serverName, port };
}

function post(pool: PeerConnections, obeyRetryAfter: boolean, request: PeerRequest): Promise<PeerAnswer> {
  return obeyRetryAfter ? postPatiently(pool, request) : pool.exchange(request);
}

async function postPatiently(pool: PeerConnections, request: PeerRequest): Promise<PeerAnswer> {
  const deadline = performance.now() + request.timeoutMs;
  for (let retries = 0; ; retries++) {
    const leftMs = deadline - performance.now();
    const answer = await pool.exchange({ ...request, timeoutMs: leftMs });
    const waitMs = pauseMs(answer.status, answer.retryAfter);
    if (waitMs === undefined || retries === maxRetries || performance.now() + waitMs >= deadline)
      return answer;
    await delay(waitMs, undefined, request.signal === undefined ? {} : { signal: request.signal });
  }
}

function callError(
  { webhook: { name, clientConfig } }: WebhookTarget,
  timeoutMs: number,
  cause: unknown,
): CountersignError {
  const where = JSON.stringify(addressText(clientConfig, timeoutMs) ?? clientConfig.url ?? "");
  const reason = errorMessageOf(cause);
  return new CountersignError(
    "ERR_WEBHOOK_CALL",
    `failed calling webhook ${JSON.stringify(name)}: failed to call webhook: Post ${where}: ${reason}`,
    { cause },
  );
}

function addressText(clientConfig: WebhookClientConfig, timeoutMs: number): string | undefined {
  try {
    const address = webhookAddress(clientConfig);
    return `https://${address.host}${timedPath(address, timeoutMs)}`;
  } catch {
    return undefined;
  }
}
