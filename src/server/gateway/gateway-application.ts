import type { IncomingMessage, RequestListener } from "node:http";
import type { Duplex } from "node:stream";
import Koa from "koa";
import type { DelegatingAuthenticator } from "../../authentication/delegating.ts";
import type { SelfSubjectReviewSwitches } from "../../authentication/self-subject-review.ts";
import type { Impersonation } from "../../authorization/impersonation.ts";
import type { Clock } from "../../clock.ts";
import { createAccess } from "../api/api-access.ts";
import { createSelfSubjectReviews } from "../api/self-subject-reviews.ts";
import { createGatewayAuthorizer, type GatewayAuthorizerOptions } from "./gateway-authorizer.ts";
import { withoutNodes } from "./node-impersonation.ts";
import { createClusterVersion } from "./routes/cluster-version.ts";
import { createDiscovery } from "./routes/discovery.ts";
import { createGatewayRoutes, type GatewayRoutes } from "./routes/gateway-routes.ts";
import { type OpenStreams, uncountedStreams } from "./routes/open-streams.ts";
import { refusePodConnections } from "./routes/pod-connections.ts";
import { guardFraming } from "./routes/request-framing.ts";
import { createUpgradableResponse } from "./routes/upgradable-response.ts";

/** What a gateway asks, and whom. */
export interface GatewayApplicationOptions
  extends GatewayAuthorizerOptions,
    Omit<GatewayRoutes, "discovery" | "clusterVersion" | "openStreams"> {
  readonly authenticator: DelegatingAuthenticator;
  readonly impersonation: Impersonation;
  readonly selfSubjectReviews: SelfSubjectReviewSwitches;
  /** Told of logs and other answers that go on. Default: nobody is. */
  readonly openStreams?: OpenStreams;
  readonly clock?: Clock;
}

/** The gateway, without its listener. */
export interface GatewayApplication {
  /** For `request`. */
  readonly handle: RequestListener;
  /** For `upgrade`, to be attached in any case: what is not to be upgraded is refused by it. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** The gateway's application: a request is let in, and then answered by what of it was authorized. */
export function createGatewayApplication(options: GatewayApplicationOptions): GatewayApplication {
  const { authenticator, impersonation, selfSubjectReviews, clock, openStreams = uncountedStreams } = options;
  const application = new Koa({ env: "production" });
  const stack = [
    createAccess({
      ...{ authenticator, impersonation: withoutNodes(impersonation), plainPaths: true },
      authorizer: createGatewayAuthorizer(options),
    }),
    refusePodConnections,
    guardFraming,
    createSelfSubjectReviews({ ...selfSubjectReviews, ...(clock !== undefined && { clock }) }),
    createGatewayRoutes({
      ...{ ...options, openStreams },
      discovery: createDiscovery(selfSubjectReviews),
      clusterVersion: createClusterVersion(options.cluster, clock),
    }),
  ];
  for (const middleware of stack) application.use(middleware);
  // a peer that went away: there is nobody to answer, and Koa's own listener would write to the console
  application.on("error", () => undefined);
  const handle = application.callback();
  return {
    handle: (request, response) => void handle(request, response),
    upgrade(request, socket, head) {
      const response = createUpgradableResponse(request, { socket, head });
      if (response !== undefined) void handle(request, response);
    },
  };
}
