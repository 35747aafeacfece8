import { Readable } from "node:stream";
import { badRequest } from "../../../apis/answer-status.ts";
import { isWatch } from "../../../authorization/request-attributes.ts";
import { assertNodeScope } from "../../../kubelet/node-scope.ts";
import { apiPath } from "../../../transport/rest-client.ts";
import { jsonAnswer, writeAPIAnswer } from "../../api/api-answer.ts";
import type { APIContext } from "../../api/api-state.ts";
import { methodNotServed } from "../../api/unserved.ts";
import { askCluster, type Cluster } from "./cluster-reads.ts";
import { uncountedStreams } from "./open-streams.ts";
import { queryOf } from "./request-query.ts";
import { streamAnswer } from "./streamed-answer.ts";

/** `GET /api/v1/namespaces/NS/pods/NAME`, as the gateway reads it. @throws AnswerStatusError in the API server's words. */
export async function servePod(context: APIContext, cluster: Cluster): Promise<void> {
  const { info, user, signal } = context.state;
  const path = apiPath("api", "v1", "namespaces", info.namespace, "pods", info.name);
  const { body } = await askCluster(() =>
    cluster.request<{ readonly spec?: { readonly nodeName?: string } }>({ path, signal }),
  );
  assertNodeScope(user, body.spec?.nodeName ?? "");
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

/** `GET /api/v1/[namespaces/NS/]pods`, byte for byte as the gateway gets it. @throws AnswerStatusError likewise. */
export async function servePods(context: APIContext, cluster: Cluster): Promise<void> {
  const { info, user, signal } = context.state;
  const asked = queryOf(context.req.url);
  if (isWatch(asked)) throw methodNotServed();
  const fieldSelector = asked.get("fieldSelector") ?? "";
  // a selector is authorized by its terms (metadata.name=x is a request for x): an escaped comma would hide one in another
  if (fieldSelector.includes("\\")) throw badRequest("fieldSelector: no escapes are read here");
  assertNodeScope(user, nodeSelected(fieldSelector));
  const query: Record<string, string> = {};
  for (const name of listOptions) {
    const value = asked.get(name);
    if (value !== null && value !== "") query[name] = value;
  }
  const within = info.namespace === "" ? [] : ["namespaces", info.namespace];
  const list = await askCluster(() =>
    cluster.stream({ path: apiPath("api", "v1", ...within, "pods"), query, signal }),
  );
  context.respond = false;
  context.res.writeHead(200, { "Content-Type": "application/json" });
  await streamAnswer(Readable.from(list), context.res, uncountedStreams);
}

function nodeSelected(fieldSelector: string): string {
  const terms = fieldSelector.split(",").map((term) => /^spec\.nodeName==?([^=]+)$/.exec(term)?.[1]);
  return terms.find((name) => name !== undefined) ?? "";
}
