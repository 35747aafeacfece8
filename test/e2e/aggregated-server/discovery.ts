import { selfSubjectReviewDiscovery } from "countersign/server";
import { apiVersion, group, kind, resource, schema, version } from "./fruit-kind.ts";

const groupVersion = { groupVersion: apiVersion, version };
const apiGroup = { name: group, versions: [groupVersion], preferredVersion: groupVersion };
const openAPIPath = `/openapi/v3/apis/${apiVersion}`;
const model = "dev.example.fruits.v1alpha1.Fruit";

const info = { title: "Fruits", version };
const resources = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: apiVersion,
  resources: [
    {
      name: resource,
      singularName: "fruit",
      namespaced: true,
      kind,
      verbs: ["create", "delete", "get", "list", "patch", "update"],
      shortNames: ["fr"],
    },
  ],
};

/** Who somebody is can be asked of this server, too. */
const { group: reviewGroup, resourceLists: reviewLists } = selfSubjectReviewDiscovery()!;

/** What there is to be had without a store, by path. */
export const documents: Readonly<Record<string, object>> = {
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: [apiGroup, reviewGroup] },
  [`/apis/${reviewGroup.name}`]: reviewGroup,
  ...Object.fromEntries(reviewLists.map((list) => [`/apis/${list.groupVersion}`, list])),
  [`/apis/${group}`]: { kind: "APIGroup", apiVersion: "v1", ...apiGroup },
  [`/apis/${apiVersion}`]: resources,
  "/openapi/v2": { swagger: "2.0", info, paths: paths("#/definitions/"), definitions: { [model]: schema } },
  "/openapi/v3": { paths: { [`apis/${apiVersion}`]: { serverRelativeURL: openAPIPath } } },
  [openAPIPath]: {
    openapi: "3.0.0",
    info,
    paths: paths("#/components/schemas/"),
    components: { schemas: { [model]: schema } },
  },
};

/** kubectl looks here whether unknown fields are the server's to refuse, and by which patches it can apply. */
function paths(models: string): object {
  const isV3 = models.startsWith("#/components");
  const query = (name: string): object =>
    isV3
      ? { name, in: "query", schema: { type: "string", uniqueItems: true } }
      : { name, in: "query", type: "string", uniqueItems: true };
  const ref = { $ref: `${models}${model}` };
  const answer = {
    description: "OK",
    ...(isV3 ? { content: { "application/json": { schema: ref } } } : { schema: ref }),
  };
  const operation = (action: string, more: object = {}): object => ({
    operationId: `${action}Fruit`,
    parameters: [query("dryRun"), query("fieldValidation")],
    responses: { 200: answer },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind },
    ...more,
  });
  const patches = isV3
    ? { requestBody: { content: { "application/merge-patch+json": { schema: { type: "object" } } } } }
    : { consumes: ["application/merge-patch+json"] };
  const collection = `/apis/${apiVersion}/namespaces/{namespace}/${resource}`;
  return {
    [collection]: { get: operation("list"), post: operation("post") },
    [`${collection}/{name}`]: {
      get: operation("get"),
      put: operation("put"),
      patch: operation("patch", patches),
      delete: operation("delete"),
    },
  };
}
