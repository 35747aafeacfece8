import { expect } from "chai";
import fc from "fast-check";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import { type ApiClient, createApiClient } from "../rig/api-client.ts";

const collections = [
  "/api/v1/namespaces/default/configmaps",
  "/api/v1/namespaces/default/pods",
  "/api/v1/namespaces/default/secrets",
  "/api/v1/namespaces/default/services",
  "/api/v1/namespaces/default/serviceaccounts/default/token",
  "/apis/apps/v1/namespaces/default/deployments",
  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
  "/apis/authentication.k8s.io/v1/tokenreviews",
  "/apis/authorization.k8s.io/v1/subjectaccessreviews",
  "/apis/widgets.example.com/v1/namespaces/default/widgets",
];
const mediaTypes = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/merge-patch+json",
  "application/json-patch+json",
  "application/strategic-merge-patch+json",
  "text/plain",
];
/** JSON that has the members an object has, each with anything in it. */
const almostObject = fc.record(
  {
    apiVersion: fc.jsonValue(),
    kind: fc.jsonValue(),
    metadata: fc.oneof(
      fc.jsonValue(),
      fc.record({
        name: fc.jsonValue(),
        labels: fc.jsonValue(),
        finalizers: fc.jsonValue(),
        uid: fc.jsonValue(),
      }),
    ),
    spec: fc.jsonValue(),
    rules: fc.jsonValue(),
    webhooks: fc.array(fc.record({ name: fc.string(), clientConfig: fc.jsonValue(), rules: fc.jsonValue() })),
    subjects: fc.jsonValue(),
    roleRef: fc.jsonValue(),
    data: fc.jsonValue(),
    status: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

describe("hostile requests to the embedded control plane", () => {
  let controlPlane: ControlPlane;
  let client: ApiClient;
  before(async () => {
    controlPlane = await startControlPlane({
      kinds: [{ group: "widgets.example.com", version: "v1", kind: "Widget" }],
    });
    const { url, caPem, adminToken } = controlPlane;
    client = createApiClient({ url, caPem, token: adminToken });
  });
  after(async () => {
    client.close();
    await controlPlane.stop();
  });

  /** Never a fault of the server's own. */
  const isAnswered = async (
    method: string,
    path: string,
    body?: unknown,
    type = "application/json",
  ): Promise<void> => {
    const headers = { "content-type": type };
    const answer = await client.request(method, path, body === undefined ? { headers } : { body, headers });
    expect(answer.status, answer.text).to.be.within(200, 499);
  };

  it("are answered whatever the object is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...collections), almostObject, (path, body) =>
        isAnswered("POST", `${path}?dryRun=All`, body),
      ),
      { numRuns: 400 },
    );
  });

  it("are answered whatever the patch is", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments/web";
    const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "b" }] } };
    const spec = { selector: { matchLabels: { a: "b" } }, template };
    await client.post("/apis/apps/v1/namespaces/default/deployments", { metadata: { name: "web" }, spec });
    const operation = fc.record({
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
      path: fc.constantFrom("", "/spec", "/metadata/labels", "/spec/template/spec/containers/0", "/x/y"),
      from: fc.constantFrom("", "/spec", "/metadata"),
      value: fc.jsonValue(),
    });
    const patch = fc.oneof(fc.jsonValue(), almostObject, fc.array(operation));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...mediaTypes),
        fc.constantFrom("", "/scale", "/status"),
        patch,
        (type, sub, body) => isAnswered("PATCH", `${path}${sub}?dryRun=All`, JSON.stringify(body), type),
      ),
      { numRuns: 400 },
    );
  });

  it("are answered whatever the bytes are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...collections),
        fc.constantFrom(...mediaTypes),
        fc.string(),
        (path, type, body) => isAnswered("POST", `${path}?dryRun=All`, body, type),
      ),
      { numRuns: 300 },
    );
  });

  it("are answered whatever path and query are", async () => {
    const part = fc.constantFrom(
      "api",
      "apis",
      "v1",
      "apps",
      "namespaces",
      "default",
      "pods",
      "..",
      "%2F",
      "%E0%A4%A",
      "",
      "__proto__",
      "constructor",
      "token",
    );
    const query = fc.webQueryParameters();
    const methods = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD");
    await fc.assert(
      fc.asyncProperty(methods, fc.array(part, { maxLength: 8 }), query, (method, parts, text) =>
        isAnswered(method, `${controlPlane.url}/${parts.join("/")}?${text}`),
      ),
      { numRuns: 400 },
    );
  });

  it("of more than 3 MiB are refused with 413", async () => {
    const data = { a: "x".repeat(3 * 1024 * 1024) };
    const answer = await client.post(collections[0]!, { metadata: { name: "large" }, data });
    expect(answer.status).to.equal(413);
  });

  it("leave it working", async () => {
    expect((await client.get("/readyz")).text).to.equal("ok");
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined);
  });
});
