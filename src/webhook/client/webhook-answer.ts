import { parseLossless } from "../../admission/json-runtime.ts";
import { getOwn, isJSONObject, type JSONValue } from "../../admission/json-value.ts";
import { decodeStatus } from "../../apis/status.ts";
import { CountersignError } from "../../errors.ts";

/** What came back, of whatever status: text where it should have been JSON and was not, if it was a failure anyway. */
export function readAnswer(status: number, body: Buffer): JSONValue | undefined {
  const text = body.toString("utf8");
  try {
    return parseLossless(text);
  } catch {
    return isSuccess(status) ? undefined : text;
  }
}

/**
 * The answer, if it is one.
 * @throws ERR_API_STATUS with the Status as cause, ERR_TRANSPORT for what is not JSON.
 */
export function assertSuccess(status: number, answer: JSONValue | undefined): JSONValue {
  if (!isSuccess(status)) {
    const cause = decodeStatus(status, answer);
    const explanation = cause.message || cause.reason || "no explanation";
    throw new CountersignError("ERR_API_STATUS", `the webhook answered ${status}: ${explanation}`, { cause });
  }
  if (answer === undefined) throw new CountersignError("ERR_TRANSPORT", "the answer is not JSON");
  return answer;
}

/** client-go's notion of it. */
function isSuccess(status: number): boolean {
  return status >= 200 && status <= 206;
}

/** Over HTTP, or in a denial: so a webhook refuses its caller that `failurePolicy: Ignore` does not undo it. */
export function refusesCaller(status: number, answer: JSONValue | undefined): boolean {
  if (status === 401) return true;
  const response = member(answer, "response");
  return member(response, "allowed") === false && member(member(response, "status"), "code") === 401;
}

function member(value: JSONValue | undefined, name: string): JSONValue | undefined {
  return value !== undefined && isJSONObject(value) ? getOwn(value, name) : undefined;
}

/** What a webhook that is overloaded asks its caller to wait: RFC 9110 10.2.3 in seconds, for the statuses client-go heeds. */
export function pauseMs(status: number, retryAfter: string | undefined): number | undefined {
  if (status !== 429 && status < 500) return undefined;
  return /^\d{1,4}$/.test(retryAfter ?? "") ? Number(retryAfter) * 1000 : undefined;
}
