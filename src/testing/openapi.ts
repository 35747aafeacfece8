import { createHash } from "node:crypto";
import type { JsonObject } from "./api-object.ts";
import {
  apiVersionOf,
  isStored,
  type ResourceKind,
  type ResourceRegistry,
  storedVerbs,
} from "./resource-kind.ts";

/** `/openapi/v3`: enough for kubectl, which looks there whether the server validates fields before it creates anything. */
export interface OpenApi {
  /** The index: a document for each group and version. */
  index(): JsonObject;
  /** `api/v1` or `apis/GROUP/VERSION`. */
  document(groupVersion: string): JsonObject | undefined;
}

export function createOpenApi({ kinds }: ResourceRegistry): OpenApi {
  const pathOf = ({ group, version }: ResourceKind): string =>
    group === "" ? `api/${version}` : `apis/${group}/${version}`;
  const document = (groupVersion: string): JsonObject | undefined => {
    const served = kinds.filter((kind) => pathOf(kind) === groupVersion);
    return served.length === 0 ? undefined : documentOf(groupVersion, served);
  };
  return {
    document,
    index() {
      const versions = [...new Set(kinds.map(pathOf))].sort();
      const paths = versions.map((path) => {
        const hash = createHash("sha256")
          .update(JSON.stringify(document(path)))
          .digest("hex")
          .toUpperCase();
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
      });
      return { paths: Object.fromEntries(paths) };
    },
  };
}

const query = (name: string): JsonObject => ({
  name,
  in: "query",
  schema: { type: "string", uniqueItems: true },
});
const path = (name: string): JsonObject => ({ name, in: "path", required: true, schema: { type: "string" } });
const writeOptions = ["dryRun", "fieldManager", "fieldValidation"].map(query);
// strategic merge patch is served too, but told of, kubectl would look for its merge keys in the schemas, which are open
const patchTypes = ["json-patch", "merge-patch"].map((type) => `application/${type}+json`);

function documentOf(groupVersion: string, kinds: readonly ResourceKind[]): JsonObject {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.37.0" },
    paths: Object.fromEntries(kinds.flatMap((kind) => pathsOf(`/${groupVersion}`, kind))),
    components: { schemas: Object.fromEntries(kinds.map((kind) => [schemaName(kind), schemaOf(kind)])) },
  };
}

function pathsOf(base: string, kind: ResourceKind): (readonly [string, JsonObject])[] {
  const collection = `${base}${kind.namespaced ? "/namespaces/{namespace}" : ""}/${kind.resource}`;
  const parameters = kind.namespaced ? [path("namespace")] : [];
  const post = operation(kind, "post", writeOptions);
  if (!isStored(kind)) return [[collection, { post, parameters }]];
  return [
    [collection, { get: operation(kind, "list", []), post, parameters }],
    [
      `${collection}/{name}`,
      {
        get: operation(kind, "get", []),
        put: operation(kind, "put", writeOptions),
        patch: operation(kind, "patch", [...writeOptions, query("force")], patchTypes),
        delete: operation(kind, "delete", [query("dryRun")]),
        parameters: [path("name"), ...parameters],
      },
    ],
  ];
}

function operation(
  kind: ResourceKind,
  action: string,
  parameters: readonly JsonObject[],
  consumes: readonly string[] = ["application/json"],
): JsonObject {
  const schema = { $ref: `#/components/schemas/${schemaName(kind)}` };
  const sends = action !== "get" && action !== "list";
  const { group, version } = kind;
  return {
    parameters,
    ...(sends
      ? { requestBody: { content: Object.fromEntries(consumes.map((type) => [type, { schema }])) } }
      : {}),
    responses: { "200": { description: "OK", content: { "application/json": { schema } } } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind: kind.kind },
  };
}

/** Named as upstream names Go types: `io.k8s.api.apps.v1.Deployment`. */
function schemaName({ group, version, kind }: ResourceKind): string {
  return `io.k8s.api.${group === "" ? "core" : group.split(".")[0]}.${version}.${kind}`;
}

/** Open: which fields a kind has is not told. */
function schemaOf({ group, version, kind }: ResourceKind): JsonObject {
  return {
    type: "object",
    description: `${kind} (${apiVersionOf({ group, version })}), served with ${storedVerbs.join(", ")}.`,
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
    "x-kubernetes-preserve-unknown-fields": true,
    "x-kubernetes-group-version-kind": [{ group, version, kind }],
  };
}
