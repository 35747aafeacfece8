import type { ApiCall } from "../requests/api-call.ts";
import { assertServed, negotiate } from "./content-negotiation.ts";

/** The one type of each path that is no API's. Health, OpenAPI and `/` are answered whatever is asked for. */
const types: Readonly<Record<string, string>> = {
  "/version": "application/json",
  "/.well-known/openid-configuration": "application/json",
  "/openid/v1/jwks": "application/jwk-set+json",
};

/**
 * Whether what is no resource can be answered as `Accept` wants it. Upstream has three kinds of such paths: its router knows
 * those above, its negotiator `/apis` and what a group is, both `/api` and what a version has.
 * @throws 406
 */
export function assertPathAcceptable(call: ApiCall, path: string): void {
  const [, prefix, group, version] = path.split("/");
  if (Object.hasOwn(types, path)) assertServed(call, types[path]);
  if (prefix !== "api" && prefix !== "apis") return;
  if (prefix === "api" || version !== undefined) assertServed(call);
  negotiate(call, group === undefined ? ["aggregatedDiscovery"] : []);
}
