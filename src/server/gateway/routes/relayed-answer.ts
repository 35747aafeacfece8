import { AnswerStatusError } from "../../../apis/answer-status.ts";
import { beginningOf } from "../../../kubelet/answer-beginning.ts";
import { headersFromKubelet } from "../../../kubelet/forwarded-headers.ts";
import type { KubeletAnswer } from "../../../kubelet/kubelet-client.ts";
import type { APIContext } from "../../api/api-state.ts";
import type { OpenStreams } from "./open-streams.ts";
import { streamAnswer } from "./streamed-answer.ts";

/** Of a kubelet's explanation this much is repeated, in bytes. */
const longestExplanation = 1_000;

/** Answers as a kubelet does, as fast as the caller reads. @throws AnswerStatusError 500 for what is no answer to the caller. */
export async function relayAnswer(
  context: APIContext,
  nodeName: string,
  answer: KubeletAnswer,
  openStreams: OpenStreams,
): Promise<void> {
  await assertRelayable(nodeName, answer);
  const { res: response } = context;
  context.respond = false;
  response.statusCode = answer.status;
  const headers = headersFromKubelet(answer.body.rawHeaders);
  for (let index = 0; index + 1 < headers.length; index += 2)
    response.setHeader(headers[index]!, headers[index + 1]!);
  // RFC 9110 8.6: a length that nothing follows would be taken from the next answer
  if (answer.status === 204) response.removeHeader("Content-Length");
  response.setHeader("X-Content-Type-Options", "nosniff");
  // below /logs/ there is whatever a node's pods write: a browser that shows it runs nothing in the gateway's name
  response.setHeader("Content-Security-Policy", "sandbox");
  response.flushHeaders();
  await streamAnswer(answer.body, response, openStreams);
}

/**
 * What a kubelet says of the gateway is no answer for its caller: kubectl would take a 401 for its own, and follow a
 * redirect with its credentials.
 */
async function assertRelayable(nodeName: string, { status, body }: KubeletAnswer): Promise<void> {
  const isRedirect = status >= 300 && status < 400;
  if (!isRedirect && status !== 401 && status !== 403 && status >= 200) return;
  const text = isRedirect ? "" : (await beginningOf(body, { maxBytes: longestExplanation })).trim();
  body.destroy();
  const said = text === "" ? "" : `: ${text}`;
  const what = isRedirect ? "redirects the gateway, which follows nobody" : "refuses the gateway";
  throw new AnswerStatusError("ERR_KUBELET_ANSWER", {
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: the kubelet of node ${JSON.stringify(nodeName)} ${what} (${status})${said}`,
    details: {},
  });
}
