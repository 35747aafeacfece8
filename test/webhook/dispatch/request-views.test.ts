import { expect } from "chai";
import type { AdmissionAttributes } from "../../../src/admission/admission-attributes.ts";
import type { JSONObject, JSONValue } from "../../../src/admission/json-value.ts";
import type { GroupVersionKind } from "../../../src/apis/meta.ts";
import { createMutableRequest, createRequestViews } from "../../../src/webhook/dispatch/request-views.ts";
import type { EquivalentResources } from "../../../src/webhook/matching/equivalent-resources.ts";
import { rejectionOf } from "../../rejection.ts";
import { creation } from "../webhook-rig.ts";

/** Each conversion leaves its mark. */
const converting = (conversions: string[] = []): EquivalentResources => ({
  equivalentsOf: () => [],
  convert(object: JSONValue, { group, version, kind }: GroupVersionKind) {
    const { via = "", ...rest } = object as JSONObject;
    conversions.push(version);
    return { ...rest, apiVersion: `${group}/${version}`, kind, via: `${via}>${version}` };
  },
});
const as = (version: string) => ({
  resource: { ...creation.resource, version },
  kind: { ...creation.kind, version },
});
const updated: AdmissionAttributes = { ...creation, operation: "UPDATE", oldObject: { old: true } };
const viaOf = (value: JSONValue | undefined) => (value as JSONObject).via;

describe("request views", () => {
  it("shows a request as it is where it is asked for so", async () => {
    const views = createRequestViews(updated, converting());
    expect(await views({ resource: creation.resource, kind: creation.kind })).to.equal(updated);
  });

  it("converts both objects, and says what was requested", async () => {
    const views = createRequestViews(updated, converting());
    const view = await views(as("v2"));
    expect(view).to.deep.include({
      ...as("v2"),
      requestResource: creation.resource,
      requestKind: creation.kind,
    });
    expect([viaOf(view.object), viaOf(view.oldObject)]).to.deep.equal([">v2", ">v2"]);
  });

  it("converts once for each kind", async () => {
    const conversions: string[] = [];
    const views = createRequestViews(creation, converting(conversions));
    for (const version of ["v2", "v3", "v2"]) await views(as(version));
    expect(conversions).to.deep.equal(["v2", "v3"]);
  });

  it("shows the same kind as another resource without converting it", async () => {
    const conversions: string[] = [];
    const views = createRequestViews(creation, converting(conversions));
    const view = await views({ resource: as("v2").resource, kind: creation.kind });
    expect([view.object, view.resource.version]).to.deep.equal([creation.object, "v2"]);
    expect(conversions).to.deep.equal([]);
  });

  it("has no object where the request has none", async () => {
    const { object, ...deletion } = updated;
    const view = await createRequestViews(deletion, converting())(as("v2"));
    expect(view).to.not.have.property("object");
    expect(viaOf(view.oldObject)).to.equal(">v2");
  });

  it("fails the request with 500 when it cannot be converted", async () => {
    const equivalents: EquivalentResources = {
      equivalentsOf: () => [],
      convert: () => {
        throw new Error("no way from v1 to v2");
      },
    };
    const { cause } = await rejectionOf(Promise.resolve(createRequestViews(creation, equivalents)(as("v2"))));
    expect(cause).to.include({ code: 500, message: "Internal error occurred: no way from v1 to v2" });
  });
});

describe("mutable request", () => {
  it("is what came until somebody changes it", async () => {
    const request = createMutableRequest(updated, converting());
    await request.as(as("v2"));
    expect(await request.result()).to.equal(creation.object);
  });

  it("shows what one webhook made to the next, in the kind that one asks for", async () => {
    const request = createMutableRequest(updated, converting());
    await request.as(as("v2"));
    request.replace({ made: true, via: "" });
    expect(viaOf((await request.as(as("v3"))).object)).to.equal(">v3");
    expect(request.current().object).to.deep.include({ made: true });
  });

  it("gives it back in the kind that was requested", async () => {
    const request = createMutableRequest(updated, converting());
    await request.as(as("v2"));
    request.replace({ made: true });
    expect(await request.result()).to.deep.include({ made: true, via: ">v1", apiVersion: "apps/v1" });
  });

  it("converts what nobody changed from what came, whatever was shown before", async () => {
    const request = createMutableRequest(updated, converting());
    await request.as(as("v2"));
    const view = await request.as(as("v3"));
    expect([viaOf(view.object), viaOf(view.oldObject)]).to.deep.equal([">v3", ">v3"]);
  });

  it("is matched by what was requested", async () => {
    const request = createMutableRequest(updated, converting());
    await request.as(as("v2"));
    expect(request.current()).to.deep.include({ resource: creation.resource, kind: creation.kind });
  });

  it("begins anew with what somebody made of it in its own kind", async () => {
    const request = createMutableRequest(updated, converting());
    await request.as(as("v2"));
    request.replace({ made: true });
    request.restart({ again: true });
    expect(await request.result()).to.deep.equal({ again: true });
    expect(viaOf((await request.as(as("v2"))).object)).to.equal(">v2");
  });
});
