import type { RequestInfo } from "../../../authorization/request-attributes.ts";
import type { APIContext, APIMiddleware } from "../../api/api-state.ts";
import { methodNotServed, notServed } from "../../api/unserved.ts";
import type { Cluster } from "./cluster-reads.ts";
import { type DocumentsRoute, serveDocument } from "./documents-route.ts";
import { nodeProxyRequest } from "./node-proxy-request.ts";
import { type NodeProxyRoute, serveNodeProxy } from "./node-proxy-route.ts";
import { type PodLogRoute, servePodLog } from "./pod-log-route.ts";
import { servePod, servePods } from "./pods-route.ts";
import { assertNoBody } from "./request-framing.ts";

/** All that a gateway's answers are made of. */
export interface GatewayRoutes extends DocumentsRoute, NodeProxyRoute, PodLogRoute {
  /** Asked for pods as the gateway itself. */
  readonly cluster: Cluster;
}

/** What of the core group is read, by the path that was authorized. */
interface CoreRoute {
  readonly path: (info: RequestInfo) => string;
  readonly serve: (context: APIContext, routes: GatewayRoutes) => Promise<void>;
}

const coreRoutes: readonly CoreRoute[] = [
  {
    path: ({ namespace }) => `/api/v1${namespace === "" ? "" : `/namespaces/${namespace}`}/pods`,
    serve: (context, { cluster }) => servePods(context, cluster),
  },
  {
    path: ({ namespace, name }) => `/api/v1/namespaces/${namespace}/pods/${name}`,
    serve: (context, { cluster }) => servePod(context, cluster),
  },
  {
    path: ({ namespace, name }) => `/api/v1/namespaces/${namespace}/pods/${name}/log`,
    serve: servePodLog,
  },
];

/**
 * Answers what was let in. Nothing is looked up by the request's own path: only by what was authorized of it, and that has
 * to be the whole path.
 */
export function createGatewayRoutes(routes: GatewayRoutes): APIMiddleware {
  return async (context) => {
    const { info } = context.state;
    const proxied = nodeProxyRequest({ url: context.req.url ?? "", info });
    if (proxied !== undefined) return serveNodeProxy(context, proxied, routes);
    if (!info.isResourceRequest) return serveDocument(context, routes);
    const route = coreRoutes.find(({ path }) => info.resource === "pods" && path(info) === info.path);
    if (route === undefined) throw isNamespace(info) ? methodNotServed() : notServed();
    if (context.method !== "GET") throw methodNotServed();
    assertNoBody(context.req);
    await route.serve(context, routes);
  };
}

/** kubectl that misses a pod asks for its namespace, and would tell of a 404 of that instead of the pod's. */
function isNamespace({ resource, parts }: RequestInfo): boolean {
  return resource === "namespaces" && parts.length === 2;
}
