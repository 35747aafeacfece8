import Router from "@koa/router";
import Koa from "koa";
import type { AdmissionRoute } from "./admission-route.ts";
import { type ListenerState, serveElsewhere, serveReview } from "./serve-review.ts";
import { statusAnswer } from "./wire-answer.ts";

export interface KoaApplicationOptions {
  readonly routes: readonly AdmissionRoute[];
  readonly listener: ListenerState;
}

const notFound = statusAnswer(404, "NotFound", "the server could not find the requested resource");

/**
 * The webhook listener's application: paths to routes, byte for byte, and nothing else. What happens to a review stands
 * in `admissionSteps`.
 */
export function createKoaApplication({ routes, listener }: KoaApplicationOptions): Koa {
  const application = new Koa({ env: "production" });
  // the router's defaults would let /VALIDATE and /validate/ in
  const router = new Router({ strict: true, sensitive: true });
  for (const route of routes)
    router.all(literal(route.path), (context) => {
      // answered past Koa, without a promise: 12 of the 80 µs of a request
      context.respond = false;
      serveReview(route, context.req, context.res, { listener });
    });
  application.use(router.routes());
  application.use((context) => {
    context.respond = false;
    serveElsewhere(notFound, context.req, context.res, listener);
  });
  // a peer that went away: there is nobody to answer, and Koa's own listener would write to the console
  application.on("error", () => undefined);
  return application;
}

/** path-to-regexp reads these as syntax (pillarjs/path-to-regexp, "Errors"); in a webhook's path they are letters. */
function literal(path: string): string {
  return path.replace(/[{}()[\]+?!:*\\]/g, "\\$&");
}
