import { expect } from "chai";
import type { JSONObject, JSONValue } from "../../../src/admission/json-value.ts";
import type { RuleWithOperations, Webhook } from "../../../src/apis/admissionregistration.ts";
import type { EquivalentResources } from "../../../src/webhook/matching/equivalent-resources.ts";
import { creation } from "../webhook-rig.ts";
import { allow, label, labelsOf, patchOf, refusalStatus, useDispatchers } from "./dispatch-rig.ts";

/** Deployments of apps/v1, v2 and v3; the version stands in the object. */
const equivalents: EquivalentResources = {
  equivalentsOf: (resource) =>
    ["v1", "v2", "v3"].map((version) => ({
      resource: { ...resource, version },
      kind: { group: "apps", version, kind: "Deployment" },
    })),
  convert: (object: JSONValue, { version }) => ({ ...(object as JSONObject), apiVersion: `apps/${version}` }),
};

describe("matchPolicy Equivalent", () => {
  const rig = useDispatchers();
  const { validate, validating, mutate, mutating, answers, webhooks } = rig;
  beforeEach(() => rig.use({ equivalents }));
  const forVersion = (name: string, version: string): Partial<Webhook> => {
    const rule: RuleWithOperations = {
      ...{ apiGroups: ["apps"], apiVersions: [version], operations: ["*"], resources: ["deployments"] },
    };
    return { name, matchPolicy: "Equivalent", rules: [rule] };
  };

  it("shows a webhook the version it asks for, and which was requested", async () => {
    validating(forVersion("a", "v2"), forVersion("b", "v1"));
    answers()["/a"] = allow;
    answers()["/b"] = allow;
    await validate({ ...creation, operation: "UPDATE", oldObject: creation.object! });
    const seen = Object.fromEntries(webhooks().seen.map(({ path, request }) => [path, request]));
    expect(seen["/a"]).to.deep.include({
      kind: { group: "apps", version: "v2", kind: "Deployment" },
      resource: { group: "apps", version: "v2", resource: "deployments" },
      requestKind: creation.kind,
      requestResource: creation.resource,
    });
    for (const member of ["object", "oldObject"])
      expect(seen["/a"]?.[member]).to.include({ apiVersion: "apps/v2" });
    expect(seen["/b"]).to.deep.include({ kind: creation.kind, requestKind: creation.kind });
    expect(seen["/b"]?.object).to.include({ apiVersion: "apps/v1" });
  });

  it("leaves out whom nothing equivalent fits, and who asks for exactly that", async () => {
    const { matchPolicy, ...exact } = forVersion("b", "v2");
    validating(forVersion("a", "v9"), exact, { ...exact, matchPolicy: "Exact" });
    await validate();
    expect(webhooks().seen).to.deep.equal([]);
  });

  it("gives the object back as it was requested, whatever version it was changed in", async () => {
    mutating(forVersion("a", "v2"), forVersion("b", "v3"), forVersion("c", "v2"));
    answers()["/a"] = () => patchOf(label("a", "v2"));
    answers()["/b"] = () => patchOf(label("b", "v3"));
    answers()["/c"] = allow;
    const { object } = await mutate();
    expect(object).to.include({ apiVersion: "apps/v1" });
    expect(labelsOf(object)).to.deep.equal({ app: "web", a: "v2", b: "v3" });
    const versions = webhooks().seen.map(({ request }) => (request.object as JSONObject).apiVersion);
    expect(versions).to.deep.equal(["apps/v2", "apps/v3", "apps/v2"]);
    expect(labelsOf(webhooks().seen[2]!.request.object!)).to.deep.equal({ app: "web", a: "v2", b: "v3" });
  });

  it("leaves an object that nobody changed as it came", async () => {
    mutating(forVersion("a", "v2"));
    answers()["/a"] = allow;
    expect((await mutate()).object).to.equal(creation.object);
  });

  it("fails the request with 500 when the object cannot be converted, whatever the failurePolicy", async () => {
    rig.use({
      equivalents: {
        ...equivalents,
        convert: () => {
          throw new Error("v2 has no place for it");
        },
      },
    });
    validating({ ...forVersion("a", "v2"), failurePolicy: "Ignore" });
    expect(await refusalStatus(validate())).to.include({
      code: 500,
      message: "Internal error occurred: v2 has no place for it",
    });
  });
});
