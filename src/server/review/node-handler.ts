import type { IncomingMessage, ServerResponse } from "node:http";
import { CountersignError } from "../../errors.ts";
import type { AdmissionRoute } from "./admission-route.ts";
import { serveReview } from "./serve-review.ts";

/** What `node:http`, `node:https` and Express call with a request. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A request handler for `node:http` and `node:https` that answers every request as `countersign serve` answers the
 * route's path. It does not look at the path: call it for the route's own.
 */
export function createNodeHandler(route: AdmissionRoute): NodeHandler {
  return (request, response) => serveReview(route, request, response);
}

/** Express' third argument. */
export type NextFunction = (error?: unknown) => void;

/**
 * The same for Express: `app.post("/validate", createExpressHandler(route))`. Mount it before any body parser. A body
 * that `express.raw()` has read is taken as it is; one that was parsed is an error for `next`: members that stand twice
 * cannot be seen in it any more.
 */
export function createExpressHandler(
  route: AdmissionRoute,
): (request: IncomingMessage & { body?: unknown }, response: ServerResponse, next: NextFunction) => void {
  return (request, response, next) => {
    const { body } = request;
    if (Buffer.isBuffer(body)) serveReview(route, request, response, { body });
    else if (!request.readableDidRead) serveReview(route, request, response);
    else next(bodyIsGone(route));
  };
}

function bodyIsGone({ path }: AdmissionRoute): CountersignError {
  return new CountersignError(
    "ERR_INTERNAL",
    `${path}: a body parser has read the review before it could be verified: mount the webhook before express.json()`,
  );
}
