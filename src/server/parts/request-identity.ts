import { randomUUID } from "node:crypto";
import { headerValues } from "../../apis/raw-headers.ts";
import type { RequestIdentity } from "../../diagnostics.ts";

type TraceParent = Pick<RequestIdentity, "traceId" | "parentId" | "sampled">;

/** An Audit-ID is a UUID; an API server cuts one that a client made up at this length (apiserver pkg/audit/context.go). */
const maxAuditIDLength = 64;

/** Of this process, and counted in it: a UUID for each request would cost as much as all the rest of its identity. */
const processId = randomUUID().slice(0, 8);
let requests = 0;

/** What a request is called in logs and traces, before anything of its body is known. */
export function identifyRequest(rawHeaders: readonly string[]): RequestIdentity {
  const requestId = `${processId}-${(++requests).toString(36)}`;
  const auditId = headerValues(rawHeaders, "audit-id")[0]?.slice(0, maxAuditIDLength);
  const [parent, ...more] = headerValues(rawHeaders, "traceparent");
  const trace = parent === undefined || more.length > 0 ? undefined : parseTraceParent(parent);
  if (auditId === undefined && trace === undefined) return { requestId };
  return { requestId, ...(auditId !== undefined && { auditId }), ...trace };
}

const nothing = /^0+$/;

/** W3C Trace Context, section 3.2: a later version is read as far as the first is known; what is malformed is left out. */
export function parseTraceParent(value: string): TraceParent | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(value);
  if (match === null) return undefined;
  const [, version, traceId = "", parentId = "", flags = "", rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (nothing.test(traceId) || nothing.test(parentId)) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
