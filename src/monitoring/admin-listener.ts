import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type HealthCheck, reportHealth } from "./health.ts";
import type { MetricsRenderer } from "./metrics-renderer.ts";

export interface AdminListenerOptions {
  /** By endpoint: `healthz`, `livez`, `readyz`. */
  readonly health: Readonly<Record<string, readonly HealthCheck[]>>;
  readonly metrics: MetricsRenderer;
  /** Told of every check that failed. */
  readonly onUnhealthy: (endpoint: string, failures: ReadonlyMap<string, string>) => void;
}

/** Health and metrics, in plain HTTP and apart from what is served. No profiler, no dumps. */
export function createAdminListener(options: AdminListenerOptions): Server {
  return createServer((request, response) => {
    answer(options, request, response).catch(() => send(response, 500, plainText, "internal error\n"));
  });
}

const plainText = "text/plain; charset=utf-8";

async function answer(
  options: AdminListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD")
    return send(response, 405, plainText, "method not allowed\n");
  const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const [endpoint = "", name, ...deeper] = path.slice(1).split("/");
  if (endpoint === "metrics" && name === undefined) {
    const { contentType, text } = await options.metrics();
    return send(response, 200, contentType, text);
  }
  const checks = Object.hasOwn(options.health, endpoint) ? options.health[endpoint] : undefined;
  // an API server serves each check under its own path as well
  const wanted = name === undefined ? checks : checks?.filter((check) => check.name === name);
  if (wanted === undefined || deeper.length > 0 || (name !== undefined && wanted.length === 0))
    return send(response, 404, plainText, "not found\n");
  const report = await reportHealth(endpoint, wanted, new URLSearchParams(query));
  if (!report.healthy) options.onUnhealthy(endpoint, report.failures);
  send(response, report.healthy ? 200 : 500, plainText, report.text);
}

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, {
    "Content-Type": contentType,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache, private",
  });
  response.end(text);
}
