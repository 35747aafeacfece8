import { AnswerStatusError } from "../../../apis/answer-status.ts";
import { type HealthCheck, reportHealth } from "../../../monitoring/health.ts";
import { jsonAnswer, writeAPIAnswer } from "../../api/api-answer.ts";
import type { APIContext } from "../../api/api-state.ts";
import { methodNotServed, notServed } from "../../api/unserved.ts";
import { aggregatedType, discoveryForm } from "./aggregated-discovery.ts";
import type { ClusterVersion } from "./cluster-version.ts";
import type { Discovery } from "./discovery.ts";
import { assertNoBody } from "./request-framing.ts";
import { queryOf } from "./request-query.ts";

/** What is asked by a path that is no resource. */
export interface DocumentsRoute {
  readonly discovery: Discovery;
  /** By endpoint: `healthz`, `livez`, `readyz`. */
  readonly health: Readonly<Record<string, readonly HealthCheck[]>>;
  readonly clusterVersion: ClusterVersion;
}

/** @throws AnswerStatusError 404, 405, 406. */
export async function serveDocument(context: APIContext, route: DocumentsRoute): Promise<void> {
  const { path } = context.state.info;
  const answer = documentAt(path, route);
  if (answer === undefined) throw notServed();
  if (context.method !== "GET" && context.method !== "HEAD") throw methodNotServed();
  assertNoBody(context.req);
  await answer(context);
}

function documentAt(
  path: string,
  { discovery, health, clusterVersion }: DocumentsRoute,
): ((context: APIContext) => void | Promise<void>) | undefined {
  const endpoint = path.slice(1);
  if (Object.hasOwn(health, endpoint)) return (context) => serveHealth(context, endpoint, health[endpoint]!);
  if (path === "/version") return (context) => serveVersion(context, clusterVersion);
  if (discovery.documents.has(path)) return (context) => serveDiscovery(context, path, discovery);
  return undefined;
}

async function serveHealth(
  context: APIContext,
  endpoint: string,
  checks: readonly HealthCheck[],
): Promise<void> {
  const { healthy, text } = await reportHealth(endpoint, checks, queryOf(context.req.url));
  writeAPIAnswer(context, {
    status: healthy ? 200 : 500,
    contentType: "text/plain; charset=utf-8",
    headers: { "X-Content-Type-Options": "nosniff" },
    body: text,
  });
}

/** The cluster's: there is no version of ours that clients would know. */
async function serveVersion(context: APIContext, clusterVersion: ClusterVersion): Promise<void> {
  writeAPIAnswer(context, jsonAnswer(200, await clusterVersion.version(context.state)));
}

function serveDiscovery(context: APIContext, path: string, { documents, aggregated }: Discovery): void {
  const inOne = aggregated.get(path);
  const form = discoveryForm(context.get("Accept"), inOne !== undefined);
  if (form === undefined)
    throw new AnswerStatusError("ERR_REQUEST_INVALID", {
      code: 406,
      reason: "NotAcceptable",
      message: "only the following media types are accepted: application/json",
    });
  if (inOne !== undefined) context.vary("Accept");
  const answer =
    form === "plain" || inOne === undefined
      ? jsonAnswer(200, documents.get(path)!)
      : { ...jsonAnswer(200, inOne(form.aggregated)), contentType: aggregatedType(form.aggregated) };
  writeAPIAnswer(context, answer);
}
