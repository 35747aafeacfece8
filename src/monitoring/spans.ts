import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type {
  APIRequestMessage,
  PolicyMessage,
  RequestIdentity,
  RequestMessage,
  TokenMessage,
} from "../diagnostics.ts";
import { subscribeAll } from "./diagnostics-subscription.ts";

/** Policies whose request has not been answered yet; one that never is must not be remembered for ever. */
const maxAwaited = 1_000;

/** A policy's run, and when it ended. */
interface RunPolicy {
  readonly message: PolicyMessage;
  readonly endedAt: number;
}

/**
 * Makes a span of every request that was answered, a child of its caller's, with one below it for each policy that ran,
 * one of every request to a server that speaks as an API server, and one of every token that was asked for. They are made when the thing has ended: nothing of it stands in a request's
 * way. No message holds a token, so no attribute can; who made the request under review stays in the log.
 */
export function publishSpans(tracer: Tracer): () => void {
  const awaited = new Map<string, RunPolicy[]>();
  return subscribeAll({
    "countersign:policy": (message) => remember(awaited, message),
    "countersign:request"(message) {
      const { uid = "" } = message;
      const policies = awaited.get(uid) ?? [];
      awaited.delete(uid);
      requestSpan(tracer, message, policies);
    },
    "countersign:apiRequest": (message) => apiRequestSpan(tracer, message),
    "countersign:token": (message) => tokenSpan(tracer, message),
  });
}

function remember(awaited: Map<string, RunPolicy[]>, message: PolicyMessage): void {
  const { uid, outcome } = message;
  if (uid === undefined || outcome === "unmatched") return;
  const policies = awaited.get(uid) ?? [];
  awaited.set(uid, policies);
  policies.push({ message, endedAt: now() });
  const [oldest] = awaited.keys();
  if (awaited.size > maxAwaited && oldest !== undefined) awaited.delete(oldest);
}

/** Epoch milliseconds, of the clock that durations are measured by. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function requestSpan(tracer: Tracer, message: RequestMessage, policies: readonly RunPolicy[]): void {
  const endedAt = now();
  const { path, durationMs, code } = message;
  const options = {
    kind: SpanKind.SERVER,
    startTime: endedAt - durationMs,
    attributes: requestAttributes(message),
  };
  const span = tracer.startSpan(`POST ${path}`, options, parentOf(message));
  const context = trace.setSpan(ROOT_CONTEXT, span);
  for (const policy of policies) policySpan(tracer, policy, context);
  end(span, endedAt, code >= 500 ? (message.refusal ?? String(code)) : undefined);
}

function requestAttributes(message: RequestMessage): Attributes {
  const { path, mode, operation, resource, namespace, name, caller, method } = message;
  return given({
    "http.request.method": "POST",
    "http.route": path,
    "countersign.request_id": message.requestId,
    "countersign.mode": mode,
    "countersign.caller": caller,
    "countersign.authentication_method": method,
    "countersign.allowed": message.allowed,
    "countersign.code": message.code,
    "countersign.refusal": message.refusal,
    // as kube-apiserver calls them on its own span of the call
    UID: message.uid,
    "audit-id": message.auditId,
    operation,
    resource,
    namespace,
    name,
  });
}

function apiRequestSpan(tracer: Tracer, message: APIRequestMessage): void {
  const { httpMethod, path, verb, resource, subresource, namespace, name, node, code, cut } = message;
  const endedAt = now();
  const attributes = given({
    "http.request.method": httpMethod,
    "url.path": path,
    "http.response.status_code": code,
    "countersign.request_id": message.requestId,
    "countersign.caller": message.caller,
    "countersign.authentication_method": message.method,
    "countersign.refusal": message.refusal,
    "countersign.node": node,
    "countersign.permission": message.permission,
    "countersign.cut": cut,
    "audit-id": message.auditId,
    ...{ verb, resource, subresource, namespace, name },
  });
  const options = { kind: SpanKind.SERVER, attributes, startTime: endedAt - message.durationMs };
  const span = tracer.startSpan(apiRequestName(message), options, parentOf(message));
  end(span, endedAt, code >= 500 ? (message.refusal ?? String(code)) : undefined);
}

/** Names are few: what was refused may have been a resource of the caller's making. */
function apiRequestName({ httpMethod, resource, subresource, code }: APIRequestMessage): string {
  if (!resource || code >= 400) return httpMethod;
  return `${httpMethod} ${subresource ? `${resource}/${subresource}` : resource}`;
}

function parentOf({ traceId, parentId, sampled }: RequestIdentity): Context {
  if (traceId === undefined || parentId === undefined) return ROOT_CONTEXT;
  const traceFlags = sampled === true ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentId, traceFlags, isRemote: true });
}

function policySpan(tracer: Tracer, { message, endedAt }: RunPolicy, context: Context): void {
  const { policy, outcome, code, durationMs } = message;
  const attributes = given({
    "countersign.policy": policy,
    "countersign.outcome": outcome,
    "countersign.refusal": code,
  });
  const span = tracer.startSpan(`policy ${policy}`, { attributes, startTime: endedAt - durationMs }, context);
  end(span, endedAt, outcome === "failed" ? code : undefined);
}

function tokenSpan(tracer: Tracer, message: TokenMessage): void {
  const { serviceAccount, audience, apiGroup, outcome, code, durationMs } = message;
  const endedAt = now();
  const attributes = given({
    "countersign.service_account": serviceAccount,
    "countersign.audience": audience,
    "countersign.api_group": apiGroup,
    "countersign.refusal": code,
  });
  const options = { kind: SpanKind.CLIENT, attributes, startTime: endedAt - durationMs };
  end(
    tracer.startSpan("TokenRequest", options, ROOT_CONTEXT),
    endedAt,
    outcome === "failed" ? code : undefined,
  );
}

function end(span: Span, endedAt: number, failure: string | undefined): void {
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
  span.end(endedAt);
}

function given(attributes: Readonly<Record<string, string | number | boolean | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
