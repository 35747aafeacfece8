import { expect } from "chai";
import { AnswerStatusError } from "../../../src/apis/answer-status.ts";
import type { AccessAttributes, AccessDecision } from "../../../src/authorization/authorizer.ts";
import { requestInfo } from "../../../src/authorization/request-attributes.ts";
import { createRequestAuthorizer } from "../../../src/server/api/request-authorizer.ts";
import { rejectionOf } from "../../rejection.ts";

const user = { username: "jane" };
const { signal } = new AbortController();

describe("createRequestAuthorizer", () => {
  let asked: AccessAttributes[] = [];
  let decision: AccessDecision;
  const authorizer = createRequestAuthorizer({
    authorize(attributes) {
      asked.push(attributes);
      return decision;
    },
  });
  beforeEach(() => {
    asked = [];
    decision = { decision: "allow", reason: "" };
  });
  const request = (method: string, url: string) => ({
    method,
    url,
    user,
    info: requestInfo({ method, url }),
  });
  const authorize = (method: string, url: string) =>
    authorizer.assertAuthorized(request(method, url), { signal });

  it("asks about the request's attributes, as its user", async () => {
    const permission = await authorize("GET", "/api/v1/namespaces/a/pods/b/log?follow=true");
    expect(permission, "another than it names").to.equal(undefined);
    expect(asked).to.deep.equal([
      {
        user,
        resource: {
          namespace: "a",
          verb: "get",
          group: "",
          version: "v1",
          resource: "pods",
          subresource: "log",
          name: "b",
        },
      },
    ]);
  });

  for (const refused of ["deny", "noOpinion"] as const)
    it(`refuses on ${refused}, with the reason`, async () => {
      decision = { decision: refused, reason: "RBAC: nobody" };
      const error = await rejectionOf(authorize("GET", "/metrics"));
      expect(error).to.be.instanceOf(AnswerStatusError);
      expect(error.code).to.equal("ERR_ACCESS_DENIED");
      expect(error.message).to.equal('forbidden: User "jane" cannot get path "/metrics": RBAC: nobody');
    });

  describe("KEP-3325's first name", () => {
    for (const resource of ["selfsubjectattributesreview", "selfsubjectattributesreviews"])
      it(`${resource} is authorized as what clusters grant everybody`, async () => {
        const permission = await authorize("POST", `/apis/authentication.k8s.io/v1alpha1/${resource}`);
        expect(permission).to.equal("selfsubjectreviews");
        expect(asked[0]!.resource).to.include({ verb: "create", resource: "selfsubjectreviews" });
      });

    for (const path of [
      "/apis/authentication.k8s.io/v1alpha1/selfsubjectattributesreview/x",
      "/apis/authentication.k8s.io/v1alpha1/selfsubjectattributesreview/x/status",
      "/apis/other.example/v1alpha1/selfsubjectattributesreview",
      "/apis/authentication.k8s.io/v1alpha1/SelfSubjectAttributesReview",
    ])
      it(`not so ${path}`, async () => {
        await authorize("POST", path);
        expect(asked[0]!.resource!.resource).to.not.equal("selfsubjectreviews");
      });

    it("keeps the verb that was asked", async () => {
      await authorize("GET", "/apis/authentication.k8s.io/v1alpha1/selfsubjectattributesreview");
      expect(asked[0]!.resource).to.include({ verb: "list", resource: "selfsubjectreviews" });
    });
  });
});
