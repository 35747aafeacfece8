import type { IncomingHttpHeaders } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Configuration, RequestContext } from "@kubernetes/client-node";
import type { Agent } from "undici";
import type { TokenReview } from "../apis/authentication.ts";
import type { SubjectAccessReview } from "../apis/authorization.ts";
import { systemClock } from "../clock.ts";
import { diagnosticsChannel, type ReviewMessage } from "../diagnostics.ts";
import { CountersignError } from "../errors.ts";
import { apiStatusError } from "./api-status.ts";
import type { RestClientOptions } from "./rest-client.ts";
import { type ReviewRetryOptions, withReviewRetries } from "./review-retry.ts";

const maxResponseBytes = 1024 * 1024;
const defaultTimeoutMs = 10_000;
/** Reviews at once; an API server gives one client's authentication far less than this at a time. */
const maxConnections = 32;

export interface ReviewCallOptions {
  readonly signal?: AbortSignal;
}

/** How an API server is asked for reviews. */
export interface ReviewClientsOptions extends RestClientOptions, Pick<ReviewRetryOptions, "pause"> {}

/** Asks an API server who a token belongs to, and whether somebody may do something. */
export interface ReviewClients {
  createTokenReview(review: TokenReview, options?: ReviewCallOptions): Promise<TokenReview>;
  createSubjectAccessReview(
    review: SubjectAccessReview,
    options?: ReviewCallOptions,
  ): Promise<SubjectAccessReview>;
  close(): Promise<void>;
}

type ClientNode = typeof import("@kubernetes/client-node");
type Undici = typeof import("undici");

/**
 * TokenReview and SubjectAccessReview through client-node's API classes, but over one dispatcher of ours: by itself
 * client-node opens a connection for every call, knows no deadline and follows redirects. Both libraries are loaded at
 * the first call (0.36 s). `timeoutMs` is for each attempt; what may pass is asked again up to four times.
 * @throws ERR_API_STATUS with the Status as cause, ERR_TRANSPORT, ERR_TRANSPORT_TIMEOUT; the signal's reason.
 */
export function createReviewClients(options: ReviewClientsOptions): ReviewClients {
  if (options.insecureSkipVerify || !options.server.startsWith("https://"))
    throw new CountersignError(
      "ERR_TRANSPORT",
      `${options.server}: tokens are reviewed over verified https only`,
    );
  let loading: Promise<{ clientNode: ClientNode; undici: Undici; dispatcher: Agent }> | undefined;

  async function load(): Promise<{ clientNode: ClientNode; undici: Undici; dispatcher: Agent }> {
    const [clientNode, undici] = await Promise.all([import("@kubernetes/client-node"), import("undici")]);
    return { clientNode, undici, dispatcher: createDispatcher(undici, options) };
  }

  /**
   * The configuration of one call: client-node can hand a signal on through middleware only. What goes on the wire is the
   * review itself: client-node's copy of it is made by assignment, which loses a member `__proto__` of `extra`.
   */
  async function configure(
    kind: ReviewMessage["review"],
    review: TokenReview | SubjectAccessReview,
    signal: AbortSignal | undefined,
  ): Promise<[ClientNode, Configuration]> {
    loading ??= load();
    const { clientNode, undici, dispatcher } = await loading;
    const httpApi = clientNode.wrapHttpLibrary({
      async send(context) {
        const { status, body } = await told(kind, options.server, () =>
          send(undici, dispatcher, { context, body: JSON.stringify(review) }, options, signal),
        );
        const content = { text: async () => body, binary: async () => Buffer.from(body), stream: () => null };
        return new clientNode.ResponseContext(status, { "content-type": "application/json" }, content);
      },
    });
    const baseServer = new clientNode.ServerConfiguration(options.server.replace(/\/$/, ""), {});
    return [clientNode, clientNode.createConfiguration({ baseServer, httpApi })];
  }

  const { clock, pause } = options;
  return {
    async createTokenReview(review, { signal } = {}) {
      const [{ AuthenticationV1Api, V1TokenReview }, configuration] = await configure(
        "TokenReview",
        review,
        signal,
      );
      const body = Object.assign(new V1TokenReview(), review);
      const api = new AuthenticationV1Api(configuration);
      return plain(await withReviewRetries(() => api.createTokenReview({ body }), { signal, clock, pause }));
    },
    async createSubjectAccessReview(review, { signal } = {}) {
      const [{ AuthorizationV1Api, V1SubjectAccessReview }, configuration] = await configure(
        "SubjectAccessReview",
        review,
        signal,
      );
      const body = Object.assign(new V1SubjectAccessReview(), review);
      const api = new AuthorizationV1Api(configuration);
      const ask = () => api.createSubjectAccessReview({ body });
      return plain(await withReviewRetries(ask, { signal, clock, pause }));
    },
    async close() {
      await (await loading)?.dispatcher.destroy();
    },
  };
}

function createDispatcher({ Agent }: Undici, options: RestClientOptions): Agent {
  const { ca, clientCertificate, serverName } = options;
  return new Agent({
    connections: maxConnections,
    allowH2: false,
    maxResponseSize: maxResponseBytes,
    connect: {
      ...(ca === undefined ? {} : { ca }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(clientCertificate === undefined
        ? {}
        : { cert: clientCertificate.certificate, key: clientCertificate.key.reveal() }),
    },
  });
}

const reviews = diagnosticsChannel("countersign:review");

/** An answer of any status, as text. */
interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly url: string;
}

/** Tells of one attempt. @throws ERR_API_STATUS for any answer but 2xx, and what the attempt throws. */
async function told(
  review: ReviewMessage["review"],
  server: string,
  attempt: () => Promise<Answer>,
): Promise<Answer> {
  const beganAt = performance.now();
  let code = "<error>";
  try {
    const answer = await attempt();
    const { status, headers, body, url } = answer;
    code = String(status);
    if (status >= 200 && status < 300) return answer;
    throw apiStatusError(`POST ${url}`, status, withRetryAfter(parsed(body), headers));
  } finally {
    reviews.publish({ review, server, code, durationMs: performance.now() - beganAt });
  }
}

async function send(
  { request }: Undici,
  dispatcher: Agent,
  { context, body: sent }: { readonly context: RequestContext; readonly body: string },
  options: RestClientOptions,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { token, clock = systemClock, timeoutMs = defaultTimeoutMs, userAgent = "countersign" } = options;
  const sentAt = clock.now();
  const deadline = AbortSignal.timeout(timeoutMs);
  const bearer = await token?.token();
  const headers = { ...context.getHeaders(), "user-agent": userAgent };
  const url = context.getUrl();
  try {
    const {
      statusCode: status,
      headers: answered,
      body,
    } = await request(url, {
      dispatcher,
      method: context.getHttpMethod(),
      headers:
        bearer === undefined ? headers : { ...headers, authorization: `Bearer ${bearer.token.reveal()}` },
      body: sent,
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    });
    const text = await body.text();
    // undici frees a connection one turn of the event loop after its answer; without the wait the next call opens another
    await nextTurn();
    if (status === 401 && token !== undefined && "resetOlderThan" in token) token.resetOlderThan(sentAt);
    return { status, headers: answered, body: text, url };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (deadline.aborted)
      throw new CountersignError("ERR_TRANSPORT_TIMEOUT", `${url} did not answer within ${timeoutMs} ms`);
    const code = (error as NodeJS.ErrnoException).code ?? "no code";
    throw new CountersignError("ERR_TRANSPORT", `${url}: the exchange failed (${code})`, { cause: error });
  }
}

/** When to ask again stands in a Status or, from whatever stands before an API server, in a header. */
function withRetryAfter(body: unknown, headers: IncomingHttpHeaders): unknown {
  const seconds = headers["retry-after"] ?? "";
  if (typeof seconds !== "string" || !/^\d{1,4}$/.test(seconds)) return body;
  const status = typeof body === "object" && body !== null ? { ...body } : { message: String(body) };
  const details = "details" in status && typeof status.details === "object" ? status.details : {};
  return { kind: "Status", ...status, details: { retryAfterSeconds: Number(seconds), ...details } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Without client-node's classes, dates and undefined members: as it came over the wire. */
function plain<T>(answer: unknown): T {
  return JSON.parse(JSON.stringify(answer)) as T;
}
