import { expect } from "chai";
import { forbidden } from "../../../src/testing/authorization/forbidden.ts";
import { parseRequestInfo } from "../../../src/testing/requests/request-info.ts";

function refusalOf(method: string, path: string, reason = "") {
  return forbidden({ username: "eve" }, parseRequestInfo(method, path, new URLSearchParams()), reason).status;
}

describe("the refusal of an authorizer", () => {
  it("names the user, the verb, the resource with its group, and the namespace", () => {
    const status = refusalOf("GET", "/apis/apps/v1/namespaces/shop/deployments/web");
    expect(status).to.deep.include({ code: 403, reason: "Forbidden" });
    expect(status.message).to.equal(
      'deployments.apps "web" is forbidden: User "eve" cannot get resource "deployments" in API group "apps" in the namespace "shop"',
    );
    expect(status.details).to.deep.equal({ name: "web", group: "apps", kind: "deployments" });
  });

  it("says so where there is no namespace", () =>
    expect(refusalOf("GET", "/api/v1/nodes").message).to.equal(
      'nodes is forbidden: User "eve" cannot list resource "nodes" in API group "" at the cluster scope',
    ));

  it("names a subresource within the sentence and the resource before it", () =>
    expect(refusalOf("POST", "/api/v1/namespaces/shop/serviceaccounts/till/token").message).to.match(
      /^serviceaccounts "till" is forbidden: .* cannot create resource "serviceaccounts\/token"/,
    ));

  it("names the path of what is no resource, and has no details", () => {
    const { message, details } = refusalOf("GET", "/metrics");
    expect(message).to.equal('forbidden: User "eve" cannot get path "/metrics"');
    expect(details).to.deep.equal({});
  });

  it("ends with the authorizer's reason, if it gives one", () =>
    expect(refusalOf("GET", "/metrics", "no rule").message).to.match(/"\/metrics": no rule$/));
});
