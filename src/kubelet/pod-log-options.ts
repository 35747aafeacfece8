import { type AnswerStatusError, badRequest } from "../apis/answer-status.ts";
import { parseQueryTime } from "./query-time.ts";

/** `PodLogOptions` of core/v1, as a query says them. Whole numbers are bigints: Go's int64 has more than a double holds. */
export interface PodLogOptions {
  /** Empty where none is named. */
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly insecureSkipTLSVerifyBackend: boolean;
  readonly sinceSeconds: bigint | undefined;
  /** RFC 3339, whole seconds, UTC. */
  readonly sinceTime: string | undefined;
  readonly tailLines: bigint | undefined;
  readonly limitBytes: bigint | undefined;
  readonly stream: string | undefined;
}

/** Whether the kubelet's certificate is not to be looked at: the one place where that is read from a query. */
export function asksForInsecureBackend(query: URLSearchParams): boolean {
  return boolean(query, "insecureSkipTLSVerifyBackend");
}

/**
 * Reads the options as apimachinery does: of several values the first, a boolean is false only where it is absent, `0` or
 * `false`, and what is not known is not looked at.
 * @throws AnswerStatusError: ERR_REQUEST_INVALID (400) for a number or an instant that is none.
 */
export function decodePodLogOptions(query: URLSearchParams): PodLogOptions {
  const time = query.get("sinceTime");
  return {
    container: query.get("container") ?? "",
    follow: boolean(query, "follow"),
    previous: boolean(query, "previous"),
    sinceSeconds: int64(query, "sinceSeconds"),
    sinceTime: time === null ? undefined : parseQueryTime(time),
    timestamps: boolean(query, "timestamps"),
    tailLines: int64(query, "tailLines"),
    limitBytes: int64(query, "limitBytes"),
    insecureSkipTLSVerifyBackend: asksForInsecureBackend(query),
    stream: query.get("stream") ?? undefined,
  };
}

/**
 * The query that a kubelet is asked with, sorted, or nothing. Container and flag are not in it: one is in the path, the
 * other is between the caller and us.
 */
export function encodePodLogOptions(options: PodLogOptions): string {
  const query = new URLSearchParams();
  for (const name of ["follow", "previous", "timestamps"] as const)
    if (options[name]) query.set(name, "true");
  for (const name of ["limitBytes", "sinceSeconds", "sinceTime", "tailLines"] as const)
    if (options[name] !== undefined) query.set(name, String(options[name]));
  query.sort();
  return query.size === 0 ? "" : `?${query}`;
}

function boolean(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

const longest = 2n ** 63n;

/** Go's strconv.ParseInt with base 10. */
function int64(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badNumber(text, "invalid syntax");
  const value = BigInt(text.replace(/^\+/, ""));
  if (value >= longest || value < -longest) throw badNumber(text, "value out of range");
  return value;
}

function badNumber(text: string, why: string): AnswerStatusError {
  return badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
}
