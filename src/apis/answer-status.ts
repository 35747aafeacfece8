import { CountersignError, type ErrorCode } from "../errors.ts";
import type { Status, StatusDetails } from "./meta.ts";

/** A Status that is an answer: its code is the HTTP status. */
export type AnswerStatus = Status & { readonly code: number; readonly message: string };

export interface AnswerStatusParts {
  readonly code: number;
  /** Absent where an API server gives none: a plain error of whatever it asked itself. */
  readonly reason?: string;
  readonly message: string;
  readonly details?: StatusDetails;
}

/** The Status of a failure, members in the order in which API servers write them. */
export function answerStatus({ code, reason, message, details }: AnswerStatusParts): AnswerStatus {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason !== undefined && { reason }),
    ...(details !== undefined && { details }),
    code,
  };
}

/** Thrown where a request to a server that speaks as an API server is answered with a Status of its own wording. */
export class AnswerStatusError extends CountersignError {
  readonly answer: AnswerStatus;

  constructor(code: ErrorCode, parts: AnswerStatusParts, options?: ErrorOptions) {
    super(code, parts.message, options);
    this.answer = answerStatus(parts);
  }
}

/** A request that is wrong in itself: 400, ERR_REQUEST_INVALID. */
export function badRequest(message: string): AnswerStatusError {
  return new AnswerStatusError("ERR_REQUEST_INVALID", { code: 400, reason: "BadRequest", message });
}
