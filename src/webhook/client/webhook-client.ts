import { encodeLossless } from "../../admission/json-encoder.ts";
import { parseLossless } from "../../admission/json-runtime.ts";
import { getOwn, isJSONObject, type JSONValue } from "../../admission/json-value.ts";
import { decodeStatus } from "../../apis/status.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { CountersignError } from "../../errors.ts";
import { type ConnectionPool, exchange } from "../../transport/http-exchange.ts";
import { impersonationHeaders } from "../../transport/rest-client.ts";
import type { AuthenticationInfoResolver, WebhookTarget } from "./authentication-info-resolver.ts";
import { type Bearer, bearerFor, type PresentedCredential, presentedCredentials } from "./bearer.ts";
import type { ClientConfig } from "./client-config.ts";
import { createConnectionPools } from "./connection-pools.ts";
import { dnsServiceResolver, type ServiceResolver } from "./service-resolver.ts";
import { type WebhookAddress, webhookAddress } from "./webhook-address.ts";

/** What kube-apiserver sends, in aggregated servers too. */
const userAgent = "kube-apiserver-admission";
const defaultMaxResponseBytes = 10 * 1024 * 1024;
/** A webhook that refuses a token as new as this will refuse the next one as well. */
const youngestRefusedMs = 10_000;

/** How webhooks are reached, and as whom. */
export interface WebhookClientOptions {
  readonly resolver: AuthenticationInfoResolver;
  /** Default: cluster DNS. */
  readonly services?: ServiceResolver;
  /** Default 10 MiB. */
  readonly maxResponseBytes?: number;
  readonly clock?: Clock;
}

/** What bounds one call. */
export interface WebhookCallOptions {
  /** For the call as a whole, token included; the webhook is told, in whole seconds rounded up. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** False: send a token only if one is held, and mint behind the call. See {@link interceptsTokenRequests}. Default true. */
  readonly awaitToken?: boolean;
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
   * redirect is followed; without a token to be had the call carries no bearer at all.
   * @throws ERR_WEBHOOK_CALL for whatever kept a 2xx with JSON from coming, the Status of an unsuccessful answer or the
   * transport's error as cause; the signal's reason.
   */
  call(target: WebhookTarget, review: JSONValue, options: WebhookCallOptions): Promise<WebhookAnswer>;
  close(): void;
}

/** A webhook client with kept-alive connections, at most 200 kinds of them; see {@link WebhookClient}. */
export function createWebhookClient(options: WebhookClientOptions): WebhookClient {
  const { resolver, services = dnsServiceResolver, clock = systemClock } = options;
  const { maxResponseBytes = defaultMaxResponseBytes } = options;
  const pools = createConnectionPools();

  async function attempt(
    target: WebhookTarget,
    review: JSONValue,
    call: WebhookCallOptions,
  ): Promise<WebhookAnswer> {
    const deadline = performance.now() + call.timeoutMs;
    const address = webhookAddress(target.webhook.clientConfig);
    const config = await resolver.clientConfigForWebhook(target);
    const bearer = await bearerFor(config, call);
    const dialled =
      address.service === undefined ? urlHost(address) : await services.resolve(address.service);
    const sentAt = clock.now();
    const { status, text } = await post({
      pool: pools.poolFor(address, config),
      ...dialled,
      ...request(address, config, bearer, review, call),
      timeoutMs: Math.max(0, deadline - performance.now()),
      maxResponseBytes,
    });
    const answer = readAnswer(status, text);
    if (status === 401 || deniedAs401(answer))
      config.requestedToken?.resetOlderThan(sentAt - youngestRefusedMs);
    const credentials = presentedCredentials(config, bearer);
    const { tokenError } = bearer;
    const rest = tokenError === undefined ? {} : { tokenError };
    return { httpStatus: status, body: successful(status, answer), credentials, ...rest };
  }

  return {
    async call(target, review, call) {
      try {
        return await attempt(target, review, call);
      } catch (error) {
        if (call.signal?.aborted && error === call.signal.reason) throw error;
        throw callError(target, call, error);
      }
    },
    close: () => pools.close(),
  };
}

type Exchange = Parameters<typeof exchange>[0];

async function post(
  call: Exchange & { readonly pool: ConnectionPool },
): Promise<{ status: number; text: string }> {
  const { status, body } = await exchange(call);
  return { status, text: body.toString("utf8") };
}

/** Names, spelling and order of the headers are what Go puts on the wire. */
function request(
  address: WebhookAddress,
  config: ClientConfig,
  bearer: Bearer,
  review: JSONValue,
  call: WebhookCallOptions,
): Pick<Exchange, "method" | "path" | "headers" | "body" | "peer" | "signal"> {
  const body = Buffer.from(encodeLossless(review));
  const headers = [
    ...["Host", address.host],
    ...["User-Agent", userAgent],
    ...["Content-Length", String(body.length)],
    ...["Accept", "application/json, */*"],
    ...(bearer.header === undefined ? [] : ["Authorization", bearer.header]),
    ...["Content-Type", "application/json"],
    ...(config.impersonate === undefined ? [] : impersonationHeaders(config.impersonate)),
  ];
  const path = timedPath(address, call);
  return { method: "POST", path, headers, body, peer: `https://${address.host}`, signal: call.signal };
}

function timedPath({ path }: WebhookAddress, { timeoutMs }: WebhookCallOptions): string {
  return `${path}?timeout=${Math.ceil(timeoutMs / 1000)}s`;
}

function urlHost({ serverName, port }: WebhookAddress): { readonly host: string; readonly port: number } {
  return { host: serverName, port };
}

function readAnswer(status: number, text: string): JSONValue | undefined {
  try {
    return parseLossless(text);
  } catch {
    // an unsuccessful answer may be of any kind, and is shown
    return isSuccess(status) ? undefined : text;
  }
}

/** client-go's notion of it. */
function isSuccess(status: number): boolean {
  return status >= 200 && status <= 206;
}

function successful(status: number, answer: JSONValue | undefined): JSONValue {
  if (!isSuccess(status)) {
    const cause = decodeStatus(status, answer);
    const explanation = cause.message || cause.reason || "no explanation";
    throw new CountersignError("ERR_API_STATUS", `the webhook answered ${status}: ${explanation}`, { cause });
  }
  if (answer === undefined) throw new CountersignError("ERR_TRANSPORT", "the answer is not JSON");
  return answer;
}

/** How a webhook refuses a caller so that `failurePolicy: Ignore` does not undo it. */
function deniedAs401(answer: JSONValue | undefined): boolean {
  const response = member(answer, "response");
  return member(response, "allowed") === false && member(member(response, "status"), "code") === 401;
}

function member(value: JSONValue | undefined, name: string): JSONValue | undefined {
  return value !== undefined && isJSONObject(value) ? getOwn(value, name) : undefined;
}

function callError(target: WebhookTarget, call: WebhookCallOptions, cause: unknown): CountersignError {
  const { name, clientConfig } = target.webhook;
  const where = JSON.stringify(addressText(target, call) ?? clientConfig.url ?? "");
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CountersignError(
    "ERR_WEBHOOK_CALL",
    `failed calling webhook ${JSON.stringify(name)}: failed to call webhook: Post ${where}: ${reason}`,
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
