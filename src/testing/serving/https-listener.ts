import { constants } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { AnswerStatusError } from "../../apis/answer-status.ts";
import type { UserInfo } from "../../apis/authentication.ts";
import { presentedCredentials } from "../../authentication/presented-credentials.ts";
import { parseRequestInfo, type RequestInfo } from "../../authorization/request-attributes.ts";
import { CountersignError } from "../../errors.ts";
import { createWarningRecorder } from "../../webhook/dispatch/warning-recorder.ts";
import { createGrantedImpersonation } from "../authentication/impersonation.ts";
import type { RequestAuthentication } from "../authentication/request-authentication.ts";
import { forbidden } from "../authorization/forbidden.ts";
import type { Authorizer } from "../authorization/rbac-authorizer.ts";
import type { ApiAnswer, ApiCall } from "../requests/api-call.ts";
import { badRequest, internalError, StatusError, tooLarge } from "../status/status-error.ts";
import { writeAnswer, writeStatus } from "./answer-writer.ts";

export interface HttpsListenerOptions {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Who signs the certificates that clients present: users' and the front proxy's. Which it was, `authentication` says. */
  readonly clientCaPems: readonly string[];
  readonly authentication: RequestAuthentication;
  readonly authorizer: Authorizer;
  /** Names of fields that are taken for unknown. */
  readonly unservedFields: ReadonlySet<string>;
  readonly answer: (call: ApiCall) => Promise<ApiAnswer>;
  /** What answers are dated by, epoch milliseconds. */
  readonly now: () => number;
  /** Called once for each request, before anything is decided. */
  readonly onRequest: (method: string, path: string) => void;
}

export interface HttpsListener {
  /** The port it listens on. 127.0.0.1 only. */
  listen(port: number): Promise<number>;
  /** Ends watches and connections. */
  close(): Promise<void>;
}

/** k8s.io/apiserver pkg/server/config.go MaxRequestBodyBytes: 3 MiB. */
const bodyLimit = 3 * 1024 * 1024;

/** A request on its way: who sends it, and what it is about. */
interface Arrival {
  readonly info: RequestInfo;
  /** Decoded. */
  readonly path: string;
  readonly url: URL;
  readonly user: UserInfo;
  readonly authenticatedBy: string;
}

/**
 * TLS, then for each request kube-apiserver's order: request info, authentication (401), impersonation, authorization
 * (403), and only then what is there (404) and what the body says.
 */
export function createHttpsListener(options: HttpsListenerOptions): HttpsListener {
  const server: Server = createServer(
    {
      cert: options.certificatePem,
      key: options.keyPem,
      ca: [...options.clientCaPems],
      requestCert: true,
      rejectUnauthorized: false,
      // a session that is taken up again has forgotten the client's intermediates
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (request, response) => {
      void serve(request, response, options);
    },
  );
  // Go's default, which clients count on when they use a connection again
  server.keepAliveTimeout = 90_000;
  // Go counts bytes only; node's limit passes over what is beyond it, or refuses it all, by its version
  server.maxHeadersCount = 0;
  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once("error", (cause) =>
          reject(
            new CountersignError("ERR_TRANSPORT", `cannot listen on 127.0.0.1:${port}: ${cause.message}`, {
              cause,
            }),
          ),
        );
        server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // ends watches, too
        server.closeAllConnections();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpsListenerOptions,
): Promise<void> {
  const gone = new AbortController();
  const { signal } = gone;
  response.on("close", () => gone.abort());
  response.setHeader("date", new Date(options.now()).toUTCString());
  const recorder = createWarningRecorder();
  const warn = (message: string): void => recorder.add(message);
  try {
    const arrival = await receive(request, options, { signal, warn });
    const body = await readBody(request);
    const { url, path, info, user, authenticatedBy } = arrival;
    const { accept, "content-type": contentType } = request.headers;
    const call: ApiCall = {
      method: request.method ?? "GET",
      query: url.searchParams,
      headers: { accept, "content-type": contentType },
      unservedFields: options.unservedFields,
      ...{ path, info, user, authenticatedBy, body, signal, warn },
    };
    await writeAnswer(response, await options.answer(call), recorder.warnings, signal);
  } catch (error) {
    const failure = failureOf(error);
    if (!response.headersSent) writeStatus(response, failure, recorder.warnings);
    else response.destroy();
  }
}

function failureOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (!(error instanceof AnswerStatusError)) return internalError((error as Error).message);
  const { code, reason, message, details } = error.answer;
  return new StatusError(code, reason, message, details);
}

/** @throws 400, 401, 403 */
async function receive(
  request: IncomingMessage,
  options: HttpsListenerOptions,
  { signal, warn }: Pick<ApiCall, "signal" | "warn">,
): Promise<Arrival> {
  const { authentication, authorizer, onRequest } = options;
  const method = request.method ?? "GET";
  // only path and query are read: the host is nothing that a client decides
  const url = new URL(`https://127.0.0.1${request.url?.startsWith("/") ? request.url : "/"}`);
  onRequest(method, url.pathname);
  const path = decodedPath(url);
  const info = parseRequestInfo(method, path, url.searchParams);
  const { user: requester, by } = await authentication.authenticate(presentedCredentials(request), warn);
  const impersonation = createGrantedImpersonation(authorizer);
  const user = await impersonation.impersonate(requester, request.rawHeaders, { signal });
  const { allowed, reason } = authorizer.authorize(user, info);
  if (!allowed) throw forbidden(user, info, reason);
  return { info, path, url, user, authenticatedBy: by };
}

/** @throws 400 */
function decodedPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw badRequest("the path is not percent-encoded UTF-8");
  }
}

/** @throws 413 */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= bodyLimit) chunks.push(chunk);
  }
  if (length > bodyLimit) throw tooLarge(bodyLimit);
  return Buffer.concat(chunks);
}
