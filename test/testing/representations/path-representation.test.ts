import { expect } from "chai";
import { assertPathAcceptable } from "../../../src/testing/representations/path-representation.ts";
import type { ApiCall } from "../../../src/testing/requests/api-call.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";

const discovery = "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io";
const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

describe("assertPathAcceptable", () => {
  /** Who refuses: the router, the negotiator, nobody. */
  const refusalOf = (path: string, accept: string): string => {
    try {
      assertPathAcceptable({ headers: { accept } } as ApiCall, path);
      return "nobody";
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return error.message.startsWith("406: ") ? "router" : "negotiator";
    }
  };

  for (const [path, refusals] of [
    ["/api", ["router", "router", "negotiator", "nobody"]],
    ["/api/v1", ["router", "router", "negotiator", "negotiator"]],
    ["/apis", ["negotiator", "nobody", "negotiator", "nobody"]],
    ["/apis/apps", ["negotiator", "nobody", "negotiator", "negotiator"]],
    ["/apis/apps/v1", ["router", "router", "negotiator", "negotiator"]],
    ["/version", ["router", "router", "nobody", "nobody"]],
    ["/.well-known/openid-configuration", ["router", "router", "nobody", "nobody"]],
    ["/openid/v1/jwks", ["router", "router", "router", "router"]],
    ["/", ["nobody", "nobody", "nobody", "nobody"]],
    ["/healthz", ["nobody", "nobody", "nobody", "nobody"]],
    ["/openapi/v3", ["nobody", "nobody", "nobody", "nobody"]],
    ["/__proto__", ["nobody", "nobody", "nobody", "nobody"]],
  ] as const)
    it(`of ${path}: text is refused by ${refusals[0]}, any application type by ${refusals[1]}, a Table by ${refusals[2]}, aggregated discovery by ${refusals[3]}`, () => {
      const accepts = ["text/plain", "application/*", asTable, discovery];
      expect(accepts.map((accept) => refusalOf(path, accept))).to.deep.equal(refusals);
      expect(refusalOf(path, "*/*")).to.equal("nobody");
    });
});
