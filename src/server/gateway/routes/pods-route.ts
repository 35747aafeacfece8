import { Readable } from "node:stream";
import { badRequest } from "../../../apis/answer-status.ts";
import { isWatch } from "../../../authorization/request-attributes.ts";
import { assertNodeScope } from "../../../kubelet/node-scope.ts";
import { apiPath, type RestRequest } from "../../../transport/rest-client.ts";
import { jsonAnswer, writeAPIAnswer } from "../../api/api-answer.ts";
import type { APIContext } from "../../api/api-state.ts";
import { methodNotServed } from "../../api/unserved.ts";
import { askCluster, type Cluster } from "./cluster-reads.ts";
import { uncountedStreams } from "./open-streams.ts";
import { queryOf } from "./request-query.ts";
import { streamAnswer } from "./streamed-answer.ts";
import { tableRequest } from "./table-request.ts";

/**
 * `GET /api/v1/namespaces/NS/pods/NAME`, as the gateway reads it, or what `kubectl get` prints of it.
 * @throws AnswerStatusError in the API server's words.
 */
export async function servePod(context: APIContext, cluster: Cluster): Promise<void> {
  const { info, user, signal } = context.state;
  const path = apiPath("api", "v1", "namespaces", info.namespace, "pods", info.name);
  const { body } = await askCluster(() =>
    cluster.request<{ readonly spec?: { readonly nodeName?: string } }>({ path, signal }),
  );
  assertNodeScope(user, body.spec?.nodeName ?? "");
  const table = tableRequest(context.get("Accept"), queryOf(context.req.url));
  // a table does not say on which node the pod is, so the pod is read first
  if (table !== undefined) return relayFrom(cluster, { ...table, path, signal }, context);
  writeAPIAnswer(context, jsonAnswer(200, body));
}

/** What of a list's query is handed on, the first of each. */
const listOptions = [
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "resourceVersion",
  "resourceVersionMatch",
];

/** `GET /api/v1/[namespaces/NS/]pods`, byte for byte as the gateway gets it, table or list. @throws AnswerStatusError likewise. */
export async function servePods(context: APIContext, cluster: Cluster): Promise<void> {
  const { info, user, signal } = context.state;
  const asked = queryOf(context.req.url);
  if (isWatch(asked)) throw methodNotServed();
  const fieldSelector = asked.get("fieldSelector") ?? "";
  // a selector is authorized by its terms (metadata.name=x is a request for x): an escaped comma would hide one in another
  if (fieldSelector.includes("\\")) throw badRequest("fieldSelector: no escapes are read here");
  assertNodeScope(user, nodeSelected(fieldSelector));
  const table = tableRequest(context.get("Accept"), asked);
  const query: Record<string, string> = { ...table?.query };
  for (const name of listOptions) {
    const value = asked.get(name);
    if (value !== null && value !== "") query[name] = value;
  }
  const within = info.namespace === "" ? [] : ["namespaces", info.namespace];
  const path = apiPath("api", "v1", ...within, "pods");
  return relayFrom(cluster, { ...table, path, query, signal }, context);
}

async function relayFrom(cluster: Cluster, request: RestRequest, context: APIContext): Promise<void> {
  const body = await askCluster(() => cluster.stream(request));
  context.respond = false;
  context.res.writeHead(200, { "Content-Type": "application/json" });
  await streamAnswer(Readable.from(body), context.res, uncountedStreams);
}

function nodeSelected(fieldSelector: string): string {
  const terms = fieldSelector.split(",").map((term) => /^spec\.nodeName==?([^=]+)$/.exec(term)?.[1]);
  return terms.find((name) => name !== undefined) ?? "";
}
