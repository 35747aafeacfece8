import { expect } from "chai";
import type { ApiAnswer } from "../rig/api-client.ts";
import { createNamespace, createServiceAccount, expectFailure, object, paths } from "./objects.ts";
import type { Contract } from "./target.ts";

const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
const groupVersions = "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io";
const authorization = `${paths.authorization}/namespaces/default`;
const attributes = { verb: "get", resource: "pods", namespace: "default" };

/** Kinds that are asked and not stored, each with what suffices to ask. */
const reviews: readonly (readonly [path: string, body: object])[] = [
  [`${paths.authentication}/tokenreviews`, { spec: { token: "not-a-token" } }],
  [`${paths.authentication}/selfsubjectreviews`, {}],
  [`${paths.authorization}/subjectaccessreviews`, { spec: { user: "jane", resourceAttributes: attributes } }],
  [`${paths.authorization}/selfsubjectaccessreviews`, { spec: { resourceAttributes: attributes } }],
  [`${paths.authorization}/selfsubjectrulesreviews`, { spec: { namespace: "default" } }],
  [`${authorization}/localsubjectaccessreviews`, { spec: { user: "jane", resourceAttributes: attributes } }],
];

/** Answers in a form that was asked for, or none: emicklei/go-restful, k8s.io/apiserver pkg/endpoints/handlers/negotiation. */
export function describeAcceptedTypes(contract: Contract): void {
  const { check, admin, unique } = contract;
  const get = (path: string, accept: string): Promise<ApiAnswer> => admin().get(path, { accept });
  const post = (path: string, accept: string, body: unknown): Promise<ApiAnswer> =>
    admin().request("POST", path, { body, headers: { accept } });
  /** Which types beside JSON there would be is the target's own. */
  const expectNotAcceptable = (answer: ApiAnswer, message: string, what: string): void => {
    const body = answer.body as { readonly message: string };
    expect(body, what).to.containSubset({
      kind: "Status",
      status: "Failure",
      reason: "NotAcceptable",
      code: 406,
    });
    expect(body.message, what).to.match(new RegExp(`^${message}application/json(, |$)`));
    expect(answer.status).to.equal(406);
  };
  const expectNoRepresentation = (answer: ApiAnswer, what: string): void => {
    expectNotAcceptable(answer, "406: Not Acceptable\n\nAvailable representations: ", what);
    expect((answer.body as { readonly details: unknown }).details).to.deep.equal({});
  };
  const expectNoForm = (answer: ApiAnswer, what: string): void => {
    expectNotAcceptable(answer, "only the following media types are accepted: ", what);
    expect(answer.body).to.not.have.property("details");
  };

  describe("Accept", () => {
    let namespace: string;
    const configMaps = (): string => `${paths.namespaces}/${namespace}/configmaps`;
    before(async () => {
      namespace = await createNamespace(contract);
    });

    for (const accept of [
      "text/plain",
      "text/*",
      "application/*",
      "application/cbor",
      "APPLICATION/JSON",
      "*",
      ",",
    ])
      check(`of ${accept} takes no resource, stored or asked`, async () => {
        for (const path of [`${paths.namespaces}/default`, paths.namespaces, `${paths.namespaces}/nowhere`])
          expectNoRepresentation(await get(path, accept), path);
        for (const [path, body] of reviews) expectNoRepresentation(await post(path, accept, body), path);
      });

    for (const accept of [
      "",
      "*/*",
      "*/*;q=0.1",
      "application/json",
      "application/json;q=0",
      "application/json; charset=utf-8",
      "application/json;as=",
      "text/plain, */*",
      "text/plain;q=1,application/json;q=0.1",
      `${table},application/json`,
    ])
      check(`of ${accept === "" ? "nothing" : accept} takes the answer of a review`, async () => {
        for (const [path, body] of reviews)
          expect(object<object>(await post(path, accept, body)), path).to.have.property("status");
      });

    for (const accept of [
      table,
      "application/json;as=Table;v=v1",
      "*/*;as=Table;v=v1;g=meta.k8s.io",
      "text/plain, application/json;as=Table;v=v1;g=meta.k8s.io",
      groupVersions,
    ])
      check(`of ${accept} takes no review`, async () => {
        for (const [path, body] of reviews) expectNoForm(await post(path, accept, body), path);
      });

    check("is looked at before the body of a review", async () => {
      const [path] = reviews[1]!;
      const other = { kind: "TokenReview", apiVersion: "authentication.k8s.io/v1" };
      expectNoRepresentation(await post(path, "text/plain", other), path);
      expectNoForm(await post(path, table, other), path);
    });

    check("is not looked at for a method that is not served, nor for what there is not", async () => {
      const [path] = reviews[1]!;
      for (const accept of ["text/plain", table]) {
        const answer = await admin().request("PUT", path, { body: "{}", headers: { accept } });
        expect(answer.body).to.containSubset({ code: 405, reason: "MethodNotAllowed" });
        const version = await admin().request("POST", "/version", { body: "{}", headers: { accept } });
        expect(version.body).to.containSubset({ code: 405, reason: "MethodNotAllowed" });
        for (const nothing of ["/api/v1/nothing", "/apis/apps/v7"])
          expect((await get(nothing, accept)).body).to.containSubset({ code: 404, reason: "NotFound" });
      }
    });

    check("is looked at before anything is stored", async () => {
      const name = unique("unacceptable");
      for (const accept of ["text/plain", "application/json;as=Nothing;v=v1;g=meta.k8s.io"]) {
        expect((await post(configMaps(), accept, { metadata: { name } })).status).to.equal(406);
        expect((await get(`${configMaps()}/${name}`, "application/json")).status).to.equal(404);
      }
      object(await post(configMaps(), "application/json", { metadata: { name } }));
      const path = `${configMaps()}/${name}`;
      for (const [method, type] of [
        ["PUT", "application/json"],
        ["PATCH", "application/merge-patch+json"],
        ["DELETE", "application/json"],
      ] as const) {
        const headers = { accept: "text/plain", "content-type": type };
        const body = { metadata: { name }, data: { changed: "yes" } };
        expectNoRepresentation(await admin().request(method, path, { body, headers }), method);
      }
      expect(object<object>(await get(path, "application/json"), 200)).to.not.have.property("data");
    });

    check(
      "of a Table gets one of what is stored, of which a subresource that is only posted is no part",
      async () => {
        const { name, tokenPath } = await createServiceAccount(contract, namespace);
        const account = `${paths.namespaces}/${namespace}/serviceaccounts/${name}`;
        for (const path of [account, `${paths.namespaces}/${namespace}/serviceaccounts`])
          expect(object(await get(path, table), 200).kind).to.equal("Table");
        for (const path of [tokenPath, tokenPath.replace(name, "nobody")])
          expectNoForm(await post(path, table, {}), path);
        const pod = `${paths.namespaces}/${namespace}/pods/gone/eviction`;
        expectNoForm(await post(pod, table, { metadata: { name: "gone" } }), pod);
      },
    );

    for (const [accept, kind] of [
      [`${table},application/json`, "Table"],
      [`application/json,${table}`, "ConfigMapList"],
      [`${table};q=0.1,application/json`, "ConfigMapList"],
      [`*/*,${table}`, "Table"],
      [`application/*;q=0.5,${table};q=0.4,*/*;q=0.3`, "Table"],
      [`${table};q=0.4,application/json;q=0.5,*/*;q=0.3`, "ConfigMapList"],
      [`*,${table};q=0.1`, "Table"],
    ] as const)
      check(`of ${accept} prefers a ${kind}`, async () => {
        expect(object(await get(configMaps(), accept), 200).kind).to.equal(kind);
      });

    check("of another form than it has takes no discovery", async () => {
      for (const path of ["/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1"])
        expectNoForm(await get(path, table), path);
      for (const path of ["/api/v1", "/apis/apps", "/apis/apps/v1"])
        expectNoForm(await get(path, groupVersions), path);
      for (const path of ["/api", "/apis"]) {
        expect(object(await get(path, groupVersions), 200).kind).to.equal("APIGroupDiscoveryList");
        expectNoForm(await get(path, groupVersions.replace(";g=apidiscovery.k8s.io", "")), path);
      }
    });

    check("of another type than JSON takes no discovery", async () => {
      for (const path of ["/api", "/api/v1", "/apis/apps/v1"]) {
        expectNoRepresentation(await get(path, "text/plain"), path);
        expectNoRepresentation(await get(path, "application/*"), path);
      }
      for (const path of ["/apis", "/apis/apps"]) {
        expectNoForm(await get(path, "text/plain"), path);
        expect((await get(path, "application/*")).status, path).to.equal(200);
      }
    });

    check("of another type than its one takes nothing of a path beside the API", async () => {
      for (const path of ["/version", "/.well-known/openid-configuration"]) {
        for (const accept of ["text/plain", "application/*", "application/yaml"]) {
          const { status } = await get(path, accept);
          expect(status, `${path} ${accept}`).to.equal(406);
        }
        expectNoRepresentation(await get(path, "text/plain"), path);
        for (const accept of [table, "application/json"])
          expect((await get(path, accept)).status, `${path} ${accept}`).to.equal(200);
      }
      const keys = "/openid/v1/jwks";
      for (const accept of ["application/json", "application/*", table])
        expectFailure(await get(keys, accept), {
          code: 406,
          reason: "NotAcceptable",
          message: "406: Not Acceptable\n\nAvailable representations: application/jwk-set+json",
          details: {},
        });
      for (const accept of ["*/*", "application/jwk-set+json", "application/json, */*"])
        expect((await get(keys, accept)).status, accept).to.equal(200);
    });

    check("is not looked at for health, for documents and for the list of paths", async () => {
      for (const path of ["/healthz", "/readyz", "/livez", "/", "/openapi/v3"])
        for (const accept of ["text/plain", "application/cbor", table])
          expect((await get(path, accept)).status, `${path} ${accept}`).to.equal(200);
    });
  });
}
