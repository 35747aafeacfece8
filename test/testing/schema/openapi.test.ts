import { expect } from "chai";
import type { JsonObject } from "../../../src/testing/objects/api-object.ts";
import { builtinKinds } from "../../../src/testing/objects/builtin-kinds.ts";
import { createResourceRegistry, type ResourceKind } from "../../../src/testing/objects/resource-kind.ts";
import { createDiscovery } from "../../../src/testing/schema/discovery.ts";
import { createOpenApi } from "../../../src/testing/schema/openapi.ts";

const widget: ResourceKind = {
  ...{ group: "widgets.example.com", version: "v1", kind: "Widget" },
  ...{ resource: "widgets", singular: "widget", namespaced: true, shortNames: ["wg"] },
};
const registry = createResourceRegistry([...builtinKinds, widget]);

interface Schema {
  readonly $ref?: string;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

describe("OpenAPI", () => {
  const openApi = createOpenApi(registry);
  const documentOf = (path: string): OpenApiDocument => openApi.document(path) as unknown as OpenApiDocument;
  const paths = Object.keys(openApi.index().paths as object);

  it("has a document for each group and version, and none besides", () => {
    expect(paths).to.include.members(["api/v1", "apis/apps/v1", "apis/widgets.example.com/v1"]);
    for (const path of paths) expect(openApi.document(path)).to.have.property("openapi", "3.0.0");
    expect(openApi.document("apis/nothing/v1")).to.equal(undefined);
  });

  it("names a document by what is in it", () => {
    const other = createOpenApi(createResourceRegistry([...builtinKinds, { ...widget, kind: "Gadget" }]));
    const urls = [openApi, other].map(
      (each) => each.index().paths as Record<string, { serverRelativeURL: string }>,
    );
    const path = "apis/widgets.example.com/v1";
    expect(urls[0]![path]!.serverRelativeURL).to.match(
      /^\/openapi\/v3\/apis\/widgets\.example\.com\/v1\?hash=[0-9A-F]{64}$/,
    );
    expect(urls[0]![path]).to.not.deep.equal(urls[1]![path]);
    expect(urls[0]!["apis/apps/v1"]).to.deep.equal(urls[1]!["apis/apps/v1"]);
  });

  it("says of every stored kind that PATCH takes fieldValidation: kubectl leaves validation to the server then", () => {
    const { paths: served } = documentOf("apis/apps/v1");
    const { patch } = served["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!;
    expect(patch!["x-kubernetes-group-version-kind"]).to.deep.equal({
      group: "apps",
      version: "v1",
      kind: "Deployment",
    });
    expect((patch!.parameters as { name: string }[]).map(({ name }) => name)).to.include("fieldValidation");
  });

  it("has kinds that are only asked as collections that take POST", () => {
    const { paths: served } = documentOf("apis/authentication.k8s.io/v1");
    expect(Object.keys(served["/apis/authentication.k8s.io/v1/tokenreviews"]!)).to.deep.equal([
      "post",
      "parameters",
    ]);
    expect(served).to.not.have.property("/apis/authentication.k8s.io/v1/tokenreviews/{name}");
  });

  it("refers to nothing that is not there", () => {
    const references = (schema: Schema): readonly string[] => [
      ...(schema.$ref === undefined ? [] : [schema.$ref]),
      ...[schema.items, schema.additionalProperties].flatMap((part) =>
        part === undefined ? [] : references(part),
      ),
      ...Object.values(schema.properties ?? {}).flatMap(references),
    ];
    for (const path of paths) {
      const { schemas } = documentOf(path).components;
      for (const reference of Object.values(schemas).flatMap(references))
        expect(schemas, path).to.have.property(reference.replace("#/components/schemas/", ""));
    }
  });
});

describe("discovery", () => {
  const discovery = createDiscovery(registry, () => "127.0.0.1:1");

  it("tells the same kinds in both of its forms", () => {
    interface Resource {
      readonly resource: string;
      readonly verbs: readonly string[];
      readonly subresources?: readonly { readonly subresource: string; readonly verbs: readonly string[] }[];
    }
    interface Group {
      readonly metadata: { readonly name?: string };
      readonly versions: readonly [{ readonly version: string; readonly resources: readonly Resource[] }];
    }
    const groups = [true, false].flatMap(
      (legacy) => discovery.aggregated(legacy).items as unknown as Group[],
    );
    for (const { metadata, versions } of groups) {
      const [{ version, resources }] = versions;
      const aggregated = resources.flatMap(({ resource, verbs, subresources = [] }) => [
        [resource, verbs],
        ...subresources.map(({ subresource, verbs: own }) => [`${resource}/${subresource}`, own]),
      ]);
      const plain = discovery.resources(metadata.name ?? "", version)!.resources as unknown as {
        readonly name: string;
        readonly verbs: readonly string[];
      }[];
      expect(plain.map(({ name, verbs }) => [name, verbs])).to.deep.equal(aggregated);
    }
    expect(groups.map(({ metadata }) => metadata.name)).to.include("widgets.example.com");
  });

  it("knows no group and no version that is not served", () => {
    expect(discovery.group("nothing")).to.equal(undefined);
    expect(discovery.group("apps")).to.deep.include({ kind: "APIGroup", name: "apps" });
    expect(discovery.resources("apps", "v2")).to.equal(undefined);
    expect(discovery.resources("", "v1")).to.have.property("groupVersion", "v1");
  });
});
