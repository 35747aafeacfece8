import { badRequest } from "../apis/answer-status.ts";
import { isDNSSubdomain } from "../apis/dns-name.ts";

/** Of a request for a node's proxy: which node, and the path at its kubelet. */
export interface NodeProxyPath {
  readonly nodeName: string;
  /** To the byte as it came, beginning with a slash; `/` where nothing followed. */
  readonly path: string;
}

const nodeProxy = /^\/api\/v1\/nodes\/([^/]*)\/proxy(\/.*)?$/s;

/**
 * Takes `/api/v1/nodes/NAME/proxy/PATH` apart, without its query; undefined for any other path. `NAME:PORT` and
 * `SCHEME:NAME:PORT`, by which API servers reach any port of a node, are refused: the port is the kubelet's own.
 * @throws AnswerStatusError: ERR_REQUEST_INVALID (400) for whatever stands where the node's name has to, and is none.
 */
export function parseNodeProxyPath(rawPath: string): NodeProxyPath | undefined {
  const [, name, path = "/"] = nodeProxy.exec(rawPath) ?? [];
  if (name === undefined) return undefined;
  if (isDNSSubdomain(name)) return { nodeName: name, path };
  throw badRequest(
    `invalid node request ${JSON.stringify(name)}: a node's name alone is served here, without scheme and port`,
  );
}
