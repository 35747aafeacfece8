import { webhookHostPort } from "../../webhook/endpoints/find-webhooks-by-host-port.ts";
import type { LintContext } from "./lint-context.ts";
import type { RouteSubject, WebhookSubject } from "./lint-subjects.ts";
import { addressOf } from "./webhook-audiences.ts";

/** All routes of the servers, given with the webhook, that its calls arrive at. */
export function routesBehind({ webhook }: WebhookSubject, context: LintContext): readonly RouteSubject[] {
  const hostPort = webhookHostPort(webhook.clientConfig);
  return hostPort === undefined ? [] : context.routesAt(hostPort);
}

/** The route that the calls arrive at. */
export function reachedRoute(subject: WebhookSubject, context: LintContext): RouteSubject | undefined {
  const path = addressOf(subject)?.path;
  return routesBehind(subject, context).find(({ route }) => route.path === path);
}
