/** A kubelet's PodLogOptions, decoded. */
export interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
  /** Epoch milliseconds. */
  readonly sinceTime?: number;
  readonly stream?: string;
}

/** What is wrong with a query, as a kubelet answers it. */
export interface LogOptionsFault {
  readonly status: 400 | 422;
  readonly message: string;
}

const undecodable: LogOptionsFault = { status: 400, message: '{"message": "Unable to decode query."}' };
const invalid: LogOptionsFault = { status: 422, message: '{"message": "Invalid request."}' };

/** Go's zero time, which an empty `sinceTime` is. */
const zeroTime = Date.parse("0001-01-01T00:00:00Z");
const streams = ["All", "Stdout", "Stderr"];

/**
 * Decodes and validates as kubernetes/kubernetes pkg/kubelet/server getContainerLogs: the first value of a parameter counts,
 * a flag without a value is set, `tail` is the older word for `tailLines` and `tail=all` is none.
 */
export function decodeLogOptions(query: URLSearchParams): LogOptions | LogOptionsFault {
  const tail = query.get("tail") || undefined;
  const values = {
    tailLines: decodeInteger(tail === "all" ? null : (tail ?? query.get("tailLines"))),
    limitBytes: decodeInteger(query.get("limitBytes")),
    sinceSeconds: decodeInteger(query.get("sinceSeconds")),
    sinceTime: decodeTime(query.get("sinceTime")),
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  if (given.some(([, value]) => Number.isNaN(value))) return undecodable;
  const stream = query.get("stream");
  const options: LogOptions = {
    follow: flag(query, "follow"),
    previous: flag(query, "previous"),
    timestamps: flag(query, "timestamps"),
    ...Object.fromEntries(given),
    ...(stream !== null && { stream }),
  };
  return isValid(options) ? options : invalid;
}

/** kubernetes/kubernetes pkg/apis/core/v1/validation ValidatePodLogOptions. */
function isValid(options: LogOptions): boolean {
  const { tailLines = 0, limitBytes = 1, sinceSeconds, sinceTime, stream = "All" } = options;
  if (sinceSeconds !== undefined && (sinceTime !== undefined || sinceSeconds < 1)) return false;
  if (!streams.includes(stream) || (stream !== "All" && options.tailLines !== undefined)) return false;
  return tailLines >= 0 && limitBytes >= 1;
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

/** NaN where there is a value and it is no integer of 64 bits. */
function decodeInteger(text: string | null): number | undefined {
  if (text === null) return undefined;
  const inRange = /^[+-]?\d{1,20}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  return inRange ? Number(text) : Number.NaN;
}

function decodeTime(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (text === "" || text === "null") return zeroTime;
  const isRfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  return isRfc3339 ? Date.parse(text) : Number.NaN;
}
