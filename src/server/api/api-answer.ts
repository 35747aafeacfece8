import { type AnswerStatus, AnswerStatusError, answerStatus } from "../../apis/answer-status.ts";
import { sanitized } from "../../authorization/access-status.ts";
import { CountersignError, errorMessageOf } from "../../errors.ts";
import type { APIContext } from "./api-state.ts";

/** An answer that is there as a whole. */
export interface APIAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** JSON as API servers write it, with a line's end. */
export function jsonAnswer(status: number, body: object): APIAnswer {
  return { status, contentType: "application/json", body: `${JSON.stringify(body)}\n` };
}

const nosniff = { "X-Content-Type-Options": "nosniff" };

/** A Status as the answer it is; what is forbidden repeats names of others' choosing, which no browser is to take for markup. */
export function statusAnswer(status: AnswerStatus): APIAnswer {
  const answer = jsonAnswer(status.code, status);
  return status.code === 403 ? { ...answer, headers: nosniff } : answer;
}

/**
 * Why a request was not let in. What is the client's fault is a Status; what is not is text: an API server has no better
 * word for an authorizer that fails (kubernetes/apiserver pkg/endpoints/handlers/responsewriters, InternalError).
 */
export function refusalAnswer(error: unknown, url: string): APIAnswer {
  if (error instanceof AnswerStatusError) return statusAnswer(error.answer);
  if (error instanceof CountersignError && error.status < 500) return statusAnswer(statusOf(error));
  const text = `Internal Server Error: ${JSON.stringify(url)}: ${tellable(error)}`;
  return {
    status: 500,
    contentType: "text/plain; charset=utf-8",
    body: `${sanitized(text)}\n`,
    headers: nosniff,
  };
}

/** Why a request that was let in has no other answer: always a Status. */
export function failureAnswer(error: unknown): APIAnswer {
  if (error instanceof AnswerStatusError) return statusAnswer(error.answer);
  if (error instanceof CountersignError && error.status < 500) return statusAnswer(statusOf(error));
  const status = error instanceof CountersignError ? statusOf(error) : { code: 500, reason: "InternalError" };
  return statusAnswer(
    answerStatus({ ...status, message: `Internal error occurred: ${tellable(error)}`, details: {} }),
  );
}

export function writeAPIAnswer(context: APIContext, { status, contentType, body, headers }: APIAnswer): void {
  context.status = status;
  for (const [name, value] of Object.entries(headers ?? {})) context.set(name, value);
  context.set("Content-Type", contentType);
  context.body = body;
}

function statusOf({ status, reason, message }: CountersignError): AnswerStatus {
  return answerStatus({ code: status, reason, message });
}

/** Our own errors hold no secret; what others throw stays in the log. */
function tellable(error: unknown): string {
  return error instanceof CountersignError ? errorMessageOf(error) : "see the server's log";
}
