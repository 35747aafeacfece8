import { expect } from "chai";
import type { AccessAttributes } from "../../src/authorization/authorizer.ts";
import { createDelegatingAuthorizer } from "../../src/authorization/delegating.ts";
import { accessAttributes, requestInfo } from "../../src/authorization/request-attributes.ts";

describe("createDelegatingAuthorizer", () => {
  let asked: number;
  const authorizer = (options = {}) =>
    createDelegatingAuthorizer({
      client: {
        createSubjectAccessReview: (review) => {
          asked++;
          return Promise.resolve({ ...review, status: { allowed: false, reason: "no role" } });
        },
      },
      ...options,
    });
  const request = (url: string, ...groups: string[]): AccessAttributes =>
    accessAttributes({ username: "jane", groups }, requestInfo({ method: "GET", url }));
  beforeEach(() => {
    asked = 0;
  });

  it("lets system:masters do everything, and asks nobody", async () => {
    for (const url of ["/api/v1/nodes", "/metrics"])
      expect(await authorizer().authorize(request(url, "a", "system:masters"))).to.include({
        decision: "allow",
      });
    expect(asked).to.equal(0);
  });

  it("lets everybody see whether the server is well, and asks nobody", async () => {
    for (const url of ["/healthz", "/readyz", "/livez", "/readyz?verbose"])
      expect(await authorizer().authorize(request(url))).to.include({ decision: "allow" });
    expect(asked).to.equal(0);
  });

  it("asks about everything else", async () => {
    for (const url of ["/healthz/ping", "/metrics", "/api/v1/namespaces/healthz/pods/healthz"])
      expect(await authorizer().authorize(request(url, "system:masters-not"))).to.deep.equal({
        decision: "noOpinion",
        reason: "no role",
      });
    expect(asked).to.equal(3);
  });

  it("groups and paths are the ones that are given", async () => {
    const own = authorizer({ alwaysAllowGroups: [], alwaysAllowPaths: ["/metrics"] });
    expect(await own.authorize(request("/api", "system:masters"))).to.include({ decision: "noOpinion" });
    expect(await own.authorize(request("/healthz"))).to.include({ decision: "noOpinion" });
    expect(await own.authorize(request("/metrics"))).to.include({ decision: "allow" });
  });
});
