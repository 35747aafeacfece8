import { AnswerStatusError } from "../../../apis/answer-status.ts";
import type { RequestInfo } from "../../../authorization/request-attributes.ts";
import { parseNodeProxyPath } from "../../../kubelet/node-proxy-path.ts";

/** A request for a kubelet: what is authorized of it is what it is sent. */
export interface NodeProxyRequest {
  readonly nodeName: string;
  /** At the kubelet, byte for byte as it came, without its query. */
  readonly path: string;
  /** With its question mark; empty where there is none. */
  readonly query: string;
}

/** As much of a request as says what it is about. */
export interface DescribedRequest {
  /** Path and query as they came. */
  readonly url: string;
  readonly info: RequestInfo;
}

/**
 * What a request for `nodes/NAME/proxy` asks of which kubelet, and undefined for every other request.
 * @throws AnswerStatusError 400 where the path does not say it in one way only.
 */
export function nodeProxyRequest({ url, info }: DescribedRequest): NodeProxyRequest | undefined {
  if (!isNodeProxy(info)) return undefined;
  const [rawPath = ""] = url.split("?", 1);
  const parsed = parseNodeProxyPath(rawPath);
  // RequestInfo decodes and trims; whatever it had to change is not one reading
  if (parsed === undefined || parsed.nodeName !== info.name || rawPath !== info.path)
    throw new AnswerStatusError("ERR_REQUEST_PATH", {
      code: 400,
      reason: "BadRequest",
      message: "a node's proxy is asked at /api/v1/nodes/NAME/proxy/PATH, without an escape",
    });
  return { ...parsed, query: url.slice(rawPath.length) };
}

/** Whether a request is for what is behind a node, by what is authorized of it. */
export function isNodeProxy({
  isResourceRequest,
  group,
  version,
  namespace,
  resource,
  subresource,
}: RequestInfo): boolean {
  return (
    isResourceRequest &&
    group === "" &&
    version === "v1" &&
    namespace === "" &&
    resource === "nodes" &&
    subresource === "proxy"
  );
}
