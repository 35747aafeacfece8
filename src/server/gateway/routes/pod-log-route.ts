import { assertNodeScope } from "../../../kubelet/node-scope.ts";
import type { PodLogs } from "../../../kubelet/pod-logs.ts";
import type { APIContext } from "../../api/api-state.ts";
import { appendWarning } from "../../api/warning-header.ts";
import type { OpenStreams } from "./open-streams.ts";
import { queryOf } from "./request-query.ts";
import { streamAnswer } from "./streamed-answer.ts";

export interface PodLogRoute {
  readonly podLogs: PodLogs;
  readonly openStreams: OpenStreams;
}

const unverified =
  "the kubelet's serving certificate was not verified (insecureSkipTLSVerifyBackend): somebody else may have written this log";

/**
 * `GET /api/v1/namespaces/NS/pods/NAME/log`: what the kubelet writes, as fast as the caller reads. Never compressed: what
 * is followed is to be seen at once. @throws AnswerStatusError for what cannot be begun.
 */
export async function servePodLog(context: APIContext, { podLogs, openStreams }: PodLogRoute): Promise<void> {
  const { state, res: response } = context;
  const { info, user, signal } = state;
  const log = await podLogs.open({
    namespace: info.namespace,
    pod: info.name,
    query: queryOf(context.req.url),
    signal,
    onNode(nodeName) {
      state.node = nodeName;
      assertNodeScope(user, nodeName);
    },
  });
  if (log.body === undefined) {
    context.status = 204;
    return;
  }
  if (log.insecure) appendWarning(context, unverified);
  context.respond = false;
  response.writeHead(200, { "Content-Type": "text/plain", "X-Content-Type-Options": "nosniff" });
  // a followed log may not have its first line for hours, and its reader waits for the head
  response.flushHeaders();
  await streamAnswer(log.body, response, openStreams);
}
