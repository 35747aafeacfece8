import type { DelegatingAuthenticator } from "../../authentication/delegating.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import { type Impersonation, refuseImpersonation } from "../../authorization/impersonation.ts";
import { type AccessRules, type Arrival, accessSteps, known } from "./access-steps.ts";
import { failureAnswer, refusalAnswer, writeAPIAnswer } from "./api-answer.ts";
import type { APIContext, APIMiddleware, APIState } from "./api-state.ts";
import { createRequestAuthorizer } from "./request-authorizer.ts";
import { reportRequest } from "./request-report.ts";
import { responseTurn } from "./response-turn.ts";
import { appendWarning } from "./warning-header.ts";

/** Whom a server lets in that speaks as an API server. */
export interface APIAccessOptions {
  /** Says who calls. */
  readonly authenticator: DelegatingAuthenticator;
  /** Says whether they may. */
  readonly authorizer: Authorizer;
  /** Says as whom. Default: whoever sends an `Impersonate-*` header is refused (403). */
  readonly impersonation?: Impersonation;
  /**
   * Refuse (400, ERR_REQUEST_PATH) all paths that can be read in two ways: escapes and empty segments too. Default false, as
   * API servers do; turn it on where a part of the path is handed on to somebody else. Targets that are no path, `\`, `#` and
   * dot segments are refused in any case: Koa's `context.path` would be another than what was authorized.
   */
  readonly plainPaths?: boolean;
}

/**
 * Koa middleware that lets requests in as an API server does: authenticates, tells the caller what authenticating gave to
 * tell (`Warning`), takes every credential and `Impersonate-*` out of the request's headers, finds out as whom it is made,
 * reads what it is about, and authorizes that. What comes behind it finds {@link APIState} in `context.state`.
 *
 * Refusals are written as kube-apiserver writes them (reference: kubernetes/apiserver pkg/endpoints/handlers/responsewriters):
 * 401 and 403 as a Status without `WWW-Authenticate`, the latter with `X-Content-Type-Options: nosniff`; an authorizer that
 * fails is 500 as text. What comes behind may throw: an `AnswerStatusError` is answered with its Status, another
 * `CountersignError` with a Status of its code's HTTP status, anything else as 500 without its message.
 * SelfSubjectAttributesReview is authorized as `create selfsubjectreviews`, which clusters grant to everybody they know.
 *
 * Every request is published on the channel `countersign:apiRequest` when it is over. Its listener needs what
 * {@link presentedCredentials} asks for.
 */
export function createAPIAccess({
  authenticator,
  authorizer,
  impersonation = refuseImpersonation,
  plainPaths = false,
}: APIAccessOptions): APIMiddleware {
  return createAccess({
    authenticator,
    impersonation,
    plainPaths,
    authorizer: createRequestAuthorizer(authorizer),
  });
}

/** The same where a request is not judged by its attributes alone. */
export function createAccess(rules: AccessRules): APIMiddleware {
  return async (context, next) => {
    const { req: request, res: response } = context;
    await responseTurn(request, response);
    const report = reportRequest(arrive(rules, context));
    context.set("Cache-Control", "no-cache, private");
    try {
      await letIn(report.arrival);
    } catch (error) {
      report.failure = error;
      report.publish();
      return writeAPIAnswer(context, refusalAnswer(error, request.url ?? ""));
    }
    try {
      report.state = Object.assign(context.state, stateOf(report.arrival));
      await next();
    } catch (error) {
      if (!isClientGone(error)) report.failure = error;
      if (response.headersSent) response.destroy();
      else writeAPIAnswer(context, failureAnswer(error));
    }
    report.publish();
  };
}

/** Whoever does not wait for the end has no failure: of streams, and of what was aborted for it. */
function isClientGone(error: unknown): boolean {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return code === "ERR_STREAM_PREMATURE_CLOSE" || name === "AbortError";
}

async function letIn(arrival: Arrival): Promise<void> {
  for (const step of accessSteps) await step.run(arrival);
}

function arrive(rules: AccessRules, context: APIContext): Arrival {
  const { req: request, res: response } = context;
  const gone = new AbortController();
  response.once("close", () => {
    // of an answer that was finished nothing has to be aborted any more
    if (!response.writableFinished) gone.abort();
  });
  return {
    ...{ rules, request, response, rawHeaders: request.rawHeaders, signal: gone.signal },
    warn: (text) => appendWarning(context, text),
    caller: undefined,
    user: undefined,
    info: undefined,
    permission: undefined,
  };
}

function stateOf({ caller, user, info, signal }: Arrival): APIState {
  return { caller: known(caller), user: known(user), info: known(info), signal };
}
