import { createHash } from "node:crypto";
import type { JsonObject } from "../objects/api-object.ts";
import {
  apiVersionOf,
  isStored,
  type ResourceKind,
  type ResourceRegistry,
} from "../objects/resource-kind.ts";
import { kindMessage, type Message, type MessageField, messageOf } from "./object-fields.ts";

/**
 * `/openapi/v3`: kubectl looks there whether the server validates fields before it creates anything, and what `kubectl
 * explain` shows. Without descriptions.
 */
export interface OpenApi {
  /** The index: a document for each group and version. */
  index(): JsonObject;
  /** `api/v1` or `apis/GROUP/VERSION`. */
  document(groupVersion: string): JsonObject | undefined;
}

export function createOpenApi({ kinds }: ResourceRegistry): OpenApi {
  const pathOf = ({ group, version }: ResourceKind): string =>
    group === "" ? `api/${version}` : `apis/${group}/${version}`;
  const made = new Map<string, JsonObject>();
  const document = (groupVersion: string): JsonObject | undefined => {
    const served = kinds.filter((kind) => pathOf(kind) === groupVersion);
    if (served.length === 0) return undefined;
    const found = made.get(groupVersion) ?? documentOf(groupVersion, served);
    made.set(groupVersion, found);
    return found;
  };
  const entry = (path: string): readonly [string, JsonObject] => {
    const hash = createHash("sha256")
      .update(JSON.stringify(document(path)))
      .digest("hex")
      .toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  };
  return {
    document,
    index: () => ({ paths: Object.fromEntries([...new Set(kinds.map(pathOf))].sort().map(entry)) }),
  };
}

const query = (name: string): JsonObject => ({
  name,
  in: "query",
  schema: { type: "string", uniqueItems: true },
});
const path = (name: string): JsonObject => ({ name, in: "path", required: true, schema: { type: "string" } });
const writeOptions = ["dryRun", "fieldManager", "fieldValidation"].map(query);
// strategic merge patch is served too, but told of, kubectl would look for its merge keys in the schemas, which do not say them
const patchTypes = ["json-patch", "merge-patch"].map((type) => `application/${type}+json`);

function documentOf(groupVersion: string, kinds: readonly ResourceKind[]): JsonObject {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.37.0" },
    paths: Object.fromEntries(kinds.flatMap((kind) => pathsOf(`/${groupVersion}`, kind))),
    components: {
      schemas: {
        ...partSchemas(kinds),
        ...Object.fromEntries(kinds.map((kind) => [schemaName(kind), schemaOf(kind)])),
      },
    },
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

/** A kind of one's own is open: which fields it has is not told. */
function schemaOf(kind: ResourceKind): JsonObject {
  const { group, version } = kind;
  const known = kindMessage(apiVersionOf(kind), kind.kind);
  const typeMeta = { apiVersion: { type: "string" }, kind: { type: "string" } };
  const open = { metadata: referenceTo("ObjectMeta") };
  return {
    type: "object",
    description: `${kind.kind}, ${apiVersionOf(kind)}.`,
    properties: { ...typeMeta, ...(known === undefined ? open : propertiesOf(known)) },
    ...(known === undefined ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    "x-kubernetes-group-version-kind": [{ group, version, kind: kind.kind }],
  };
}

/** The messages that those kinds hold, by name, each once. */
function partSchemas(kinds: readonly ResourceKind[]): Readonly<Record<string, JsonObject>> {
  const parts = new Map<string, JsonObject>();
  const visit = (message: Message): void => {
    for (const { type } of message.byName.values()) {
      if (Object.hasOwn(scalarSchemas, type) || parts.has(partName(type))) continue;
      const part = messageOf(type);
      parts.set(partName(type), { type: "object", properties: propertiesOf(part) });
      visit(part);
    }
  };
  visit(messageOf("Namespace"));
  for (const kind of kinds) {
    const message = kindMessage(apiVersionOf(kind), kind.kind);
    if (message !== undefined) visit(message);
  }
  return Object.fromEntries(parts);
}

function propertiesOf(message: Message): Readonly<Record<string, JsonObject>> {
  return Object.fromEntries([...message.byName.values()].map((field) => [field.name, propertyOf(field)]));
}

function propertyOf({ type, repeated, map }: MessageField): JsonObject {
  const one = Object.hasOwn(scalarSchemas, type) ? scalarSchemas[type]! : referenceTo(type);
  if (repeated) return { type: "array", items: one };
  return map ? { type: "object", additionalProperties: one } : one;
}

const scalarSchemas: Readonly<Record<string, JsonObject>> = {
  string: { type: "string" },
  bytes: { type: "string", format: "byte" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  any: { type: "object" },
  Time: { type: "string", format: "date-time" },
  MicroTime: { type: "string", format: "date-time" },
  IntOrString: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
  Quantity: { type: "string" },
  StringList: { type: "array", items: { type: "string" } },
};

function referenceTo(type: string): JsonObject {
  return { $ref: `#/components/schemas/${partName(type)}` };
}

function partName(type: string): string {
  return `countersign.dev.${type}`;
}
