import { AnswerStatusError } from "../../apis/answer-status.ts";

/** @returns 404 in the words of an API server that has nothing at a path. */
export function notServed(): AnswerStatusError {
  return new AnswerStatusError("ERR_NOT_SERVED", {
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {},
  });
}

/** @returns 405 in the words of an API server that knows the path and not the method. */
export function methodNotServed(): AnswerStatusError {
  return new AnswerStatusError("ERR_METHOD_NOT_SERVED", {
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: {},
  });
}
