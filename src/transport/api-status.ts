import type { Status } from "../apis/meta.ts";
import { decodeStatus } from "../apis/status.ts";
import { CountersignError } from "../errors.ts";

/** The Status an ERR_API_STATUS carries; undefined for every other error. */
export function apiStatusOf(error: unknown): Status | undefined {
  if (!(error instanceof CountersignError) || error.code !== "ERR_API_STATUS") return undefined;
  return error.cause as Status;
}

/** ERR_API_STATUS for an answer that is no success: the Status it holds, or one made of what it does hold, as `cause`. */
export function apiStatusError(what: string, httpStatus: number, body: unknown): CountersignError {
  const status = decodeStatus(httpStatus, body);
  return new CountersignError(
    "ERR_API_STATUS",
    `${what}: ${status.message || status.reason || "no explanation"} (${httpStatus})`,
    { cause: status },
  );
}
