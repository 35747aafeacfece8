import { badRequest } from "../../../apis/answer-status.ts";
import type { KubeletClient } from "../../../kubelet/kubelet-client.ts";
import { type InteractiveEndpoint, type NodeEndpoint, nodeEndpoint } from "../../../kubelet/node-endpoint.ts";
import type { NodeSource } from "../../../kubelet/node-source.ts";
import type { APIContext } from "../../api/api-state.ts";
import { methodNotServed, notServed } from "../../api/unserved.ts";
import { relayConnection } from "./interactive-connection.ts";
import type { NodeProxyRequest } from "./node-proxy-request.ts";
import type { OpenStreams } from "./open-streams.ts";
import { relayAnswer } from "./relayed-answer.ts";
import { assertNoBody, assertNoUpgrade } from "./request-framing.ts";
import { assertOwnOrigin } from "./request-origin.ts";
import { isUpgradable } from "./upgradable-response.ts";

export interface NodeProxyRoute {
  readonly nodes: NodeSource;
  readonly kubelets: KubeletClient;
  /** What of exec, attach, portForward and run is passed on. */
  readonly interactive: readonly InteractiveEndpoint[];
  readonly openStreams: OpenStreams;
}

/**
 * What is at a kubelet's path, as far as this gateway passes it on. To be asked once the request is authorized.
 * @throws AnswerStatusError 404 for a path that is none, or switched off; 405 for the wrong method.
 */
export function servedEndpoint(
  method: string,
  path: string,
  interactive: readonly InteractiveEndpoint[],
): NodeEndpoint {
  const isOn = (endpoint: NodeEndpoint | undefined): endpoint is NodeEndpoint =>
    endpoint !== undefined &&
    (endpoint.interactive === undefined || interactive.includes(endpoint.interactive));
  const endpoint = nodeEndpoint(method, path);
  if (isOn(endpoint)) return endpoint;
  throw ["GET", "POST"].some((other) => isOn(nodeEndpoint(other, path))) ? methodNotServed() : notServed();
}

/** A request at a kubelet, over a verified connection only, answered as it answers. */
export async function serveNodeProxy(
  context: APIContext,
  request: NodeProxyRequest,
  route: NodeProxyRoute,
): Promise<void> {
  const { interactive } = servedEndpoint(context.method, request.path, route.interactive);
  assertNoBody(context.req);
  if (interactive !== undefined)
    assertOwnOrigin({ rawHeaders: context.req.rawHeaders, method: context.state.caller.method });
  // `run` is a POST with an answer like any other
  if (interactive !== undefined && interactive !== "run") return serveInteractive(context, request, route);
  assertNoUpgrade(context.req);
  const answer = await route.kubelets.exchange({
    ...(await exchangeOf(context, request, route)),
    transport: "verified",
  });
  await relayAnswer(context, request.nodeName, answer, route.openStreams);
}

async function serveInteractive(
  context: APIContext,
  request: NodeProxyRequest,
  route: NodeProxyRoute,
): Promise<void> {
  if (!isUpgradable(context.res)) throw badRequest("Upgrade request required");
  const answer = await route.kubelets.upgrade(await exchangeOf(context, request, route));
  if ("socket" in answer) return relayConnection(context, answer, route.openStreams);
  await relayAnswer(context, request.nodeName, answer, route.openStreams);
}

async function exchangeOf(
  { method, state, req }: APIContext,
  { nodeName, path, query }: NodeProxyRequest,
  { nodes }: NodeProxyRoute,
) {
  const { signal } = state;
  const node = await nodes.node(nodeName, { signal });
  state.node = nodeName;
  // of the headers the client lets through what a kubelet may know
  return { node, method, path: `${path}${query}`, headers: req.rawHeaders, signal };
}
