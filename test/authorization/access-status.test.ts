import { expect } from "chai";
import { forbiddenStatus, unauthorizedStatus } from "../../src/authorization/access-status.ts";
import { parseRequestInfo } from "../../src/authorization/request-attributes.ts";

function refusalOf(method: string, path: string, reason = "") {
  return forbiddenStatus({ username: "eve" }, parseRequestInfo(method, path, new URLSearchParams()), reason);
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

  it("escapes what a browser could take for markup, and leaves the reason as it is", () =>
    expect(refusalOf("GET", "/<script>&", "<b>").message).to.equal(
      'forbidden: User "eve" cannot get path "/&lt;script&gt;&amp;": <b>',
    ));

  it("is a whole Status", () => {
    expect(refusalOf("GET", "/metrics")).to.include({ kind: "Status", apiVersion: "v1", status: "Failure" });
    expect(unauthorizedStatus).to.deep.include({
      code: 401,
      message: "Unauthorized",
      reason: "Unauthorized",
    });
  });
});
