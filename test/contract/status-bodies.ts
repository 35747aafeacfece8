import { expect } from "chai";
import {
  createNamespace,
  createServiceAccount,
  expectFailure,
  grant,
  type IssuedToken,
  object,
  paths,
  requestToken,
} from "./objects.ts";
import type { Contract } from "./target.ts";

/** How an API server refuses: kubernetes/apimachinery pkg/api/errors. */
export function describeStatusBodies(contract: Contract): void {
  const { check, admin, unique } = contract;
  let namespace: string;
  const configMaps = () => `${paths.namespaces}/${namespace}/configmaps`;

  describe("refusals", () => {
    before(async () => {
      namespace = await createNamespace(contract);
    });

    check("401 for a bearer token that is not accepted, on every path", async () => {
      const client = admin().as("not-a-token");
      for (const path of ["/api", "/version", "/healthz", configMaps(), "/apis/unheard.of/v1"])
        expectFailure(await client.get(path), { code: 401, reason: "Unauthorized", message: "Unauthorized" });
      client.close();
    });

    check("403 for anonymous, who may read only version and health", async () => {
      const client = admin().as();
      const message = `configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "${namespace}"`;
      expectFailure(await client.get(configMaps()), {
        code: 403,
        reason: "Forbidden",
        message,
        details: { kind: "configmaps" },
      });
      for (const path of ["/api", "/apis/unheard.of/v1"])
        expectFailure(await client.get(path), {
          code: 403,
          reason: "Forbidden",
          message: `forbidden: User "system:anonymous" cannot get path "${path}"`,
          details: {},
        });
      for (const path of ["/version", "/healthz", "/readyz", "/livez"])
        expect((await client.get(path)).status, path).to.equal(200);
      client.close();
    });

    check("403 names user, verb, resource, group and scope", async () => {
      const account = await createServiceAccount(contract, namespace);
      const client = admin().as(object<IssuedToken>(await requestToken(contract, account, {})).status.token);
      const user = `User "${account.username}" cannot`;
      const refusals: readonly (readonly [string, string, string, object])[] = [
        [
          "GET",
          `${configMaps()}/one`,
          `configmaps "one" is forbidden: ${user} get resource "configmaps" in API group "" in the namespace "${namespace}"`,
          { name: "one", kind: "configmaps" },
        ],
        [
          "GET",
          "/api/v1/configmaps",
          `configmaps is forbidden: ${user} list resource "configmaps" in API group "" at the cluster scope`,
          { kind: "configmaps" },
        ],
        [
          "GET",
          paths.validating,
          `validatingwebhookconfigurations.admissionregistration.k8s.io is forbidden: ${user} list resource "validatingwebhookconfigurations" in API group "admissionregistration.k8s.io" at the cluster scope`,
          { group: "admissionregistration.k8s.io", kind: "validatingwebhookconfigurations" },
        ],
        [
          "DELETE",
          `${paths.rbac}/clusterroles/view`,
          `clusterroles.rbac.authorization.k8s.io "view" is forbidden: ${user} delete resource "clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope`,
          { name: "view", group: "rbac.authorization.k8s.io", kind: "clusterroles" },
        ],
      ];
      for (const [method, path, message, details] of refusals)
        expectFailure(await client.request(method, path), {
          code: 403,
          reason: "Forbidden",
          message,
          details,
        });
      client.close();
    });

    check("404 for an object that does not exist, to get, update, patch and delete", async () => {
      const failure = {
        code: 404,
        reason: "NotFound",
        message: 'configmaps "gone" not found',
        details: { name: "gone", kind: "configmaps" },
      };
      expectFailure(await admin().get(`${configMaps()}/gone`), failure);
      expectFailure(await admin().delete(`${configMaps()}/gone`), failure);
      expectFailure(
        await admin().patch(`${configMaps()}/gone`, "application/merge-patch+json", { data: {} }),
        failure,
      );
    });

    check("404 with the group where there is one", async () => {
      const details = {
        name: "gone",
        group: "admissionregistration.k8s.io",
        kind: "validatingwebhookconfigurations",
      };
      const message = 'validatingwebhookconfigurations.admissionregistration.k8s.io "gone" not found';
      expectFailure(await admin().get(`${paths.validating}/gone`), {
        code: 404,
        reason: "NotFound",
        message,
        details,
      });
    });

    check("404 for a resource nobody serves", async () => {
      const answer = await admin().get("/apis/unheard.of/v1/things");
      expect(answer.status).to.equal(404);
      expect(answer.text.trim()).to.equal("404 page not found");
    });

    check("404 for a namespace that does not exist", async () => {
      const answer = await admin().post(`${paths.namespaces}/nowhere/configmaps`, {
        metadata: { name: "a" },
      });
      expectFailure(answer, {
        code: 404,
        reason: "NotFound",
        message: 'namespaces "nowhere" not found',
        details: { name: "nowhere", kind: "namespaces" },
      });
    });

    check("409 AlreadyExists", async () => {
      const name = unique("twice");
      object(await admin().post(configMaps(), { metadata: { name } }));
      expectFailure(await admin().post(configMaps(), { metadata: { name } }), {
        code: 409,
        reason: "AlreadyExists",
        message: `configmaps "${name}" already exists`,
        details: { name, kind: "configmaps" },
      });
    });

    check("409 Conflict for an update from an old resourceVersion", async () => {
      const name = unique("conflict");
      const created = object(await admin().post(configMaps(), { metadata: { name } }));
      object(await admin().put(`${configMaps()}/${name}`, { ...created, data: { a: "1" } }), 200);
      const message = `Operation cannot be fulfilled on configmaps "${name}": the object has been modified; please apply your changes to the latest version and try again`;
      expectFailure(await admin().put(`${configMaps()}/${name}`, { ...created, data: { a: "2" } }), {
        code: 409,
        reason: "Conflict",
        message,
        details: { name, kind: "configmaps" },
      });
    });

    check("409 Conflict for a delete whose uid precondition fails", async () => {
      const name = unique("precondition");
      const { metadata } = object(await admin().post(configMaps(), { metadata: { name } }));
      const uid = "00000000-0000-0000-0000-000000000000";
      const message = `Operation cannot be fulfilled on ConfigMap "${name}": the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
      const answer = await admin().delete(`${configMaps()}/${name}`, { preconditions: { uid } });
      expectFailure(answer, { code: 409, reason: "Conflict", message, details: { name, kind: "ConfigMap" } });
    });

    check("422 for a name that is none", async () => {
      const answer = await admin().post(configMaps(), { metadata: { name: "Not A Name" } });
      expect(answer.status, answer.text).to.equal(422);
      expect(answer.body).to.containSubset({
        kind: "Status",
        reason: "Invalid",
        code: 422,
        details: {
          name: "Not A Name",
          kind: "ConfigMap",
          causes: [{ reason: "FieldValueInvalid", field: "metadata.name" }],
        },
      });
      expect((answer.body as { message: string }).message).to.match(
        /^ConfigMap "Not A Name" is invalid: metadata\.name: Invalid value: "Not A Name": a lowercase RFC 1123 subdomain must consist of/,
      );
    });

    check("422 for neither name nor generateName", async () => {
      const message = "Required value: name or generateName is required";
      expectFailure(await admin().post(configMaps(), { metadata: {} }), {
        code: 422,
        reason: "Invalid",
        message: `ConfigMap "" is invalid: metadata.name: ${message}`,
        details: {
          kind: "ConfigMap",
          causes: [{ reason: "FieldValueRequired", message, field: "metadata.name" }],
        },
      });
    });

    check("400 for a body of another kind", async () => {
      const answer = await admin().post(configMaps(), {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "a" },
      });
      expectFailure(answer, {
        code: 400,
        reason: "BadRequest",
        message:
          'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
      });
    });

    check("400 for a namespace other than the path's", async () => {
      const answer = await admin().post(configMaps(), { metadata: { name: "a", namespace: "default" } });
      expectFailure(answer, {
        code: 400,
        reason: "BadRequest",
        message: "the namespace of the provided object does not match the namespace sent on the request",
      });
    });

    check("405 for a method that a resource does not have", async () => {
      expectFailure(await admin().post(`${configMaps()}/one`, {}), {
        code: 405,
        reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource",
        details: {},
      });
    });

    check("415 for a patch of an unknown type", async () => {
      const name = unique("patched");
      object(await admin().post(configMaps(), { metadata: { name } }));
      const answer = await admin().patch(`${configMaps()}/${name}`, "application/json", {});
      expect(answer.status, answer.text).to.equal(415);
      expect(answer.body).to.containSubset({ kind: "Status", reason: "UnsupportedMediaType", code: 415 });
    });

    check("refuses impersonation to who was not granted it", async () => {
      const account = await createServiceAccount(contract, namespace);
      const client = admin().as(object<IssuedToken>(await requestToken(contract, account, {})).status.token);
      const answer = await client.get(configMaps(), { "impersonate-user": "admin" });
      expect(answer.body, answer.text).to.containSubset({ kind: "Status", code: 403, reason: "Forbidden" });
      expect((answer.body as { message: string }).message).to.contain(
        `User "${account.username}" cannot impersonate`,
      );
      client.close();
    });

    check("lets who was granted it act as somebody else", async () => {
      const account = await createServiceAccount(contract, namespace);
      await grant(contract, account, [{ apiGroups: [""], resources: ["users"], verbs: ["impersonate"] }], {
        verb: "impersonate",
        group: "",
        resource: "users",
        name: "alice",
      });
      const client = admin().as(object<IssuedToken>(await requestToken(contract, account, {})).status.token);
      const answer = await client.get(configMaps(), { "impersonate-user": "alice" });
      expect(answer.body).to.containSubset({
        code: 403,
        message: `configmaps is forbidden: User "alice" cannot list resource "configmaps" in API group "" in the namespace "${namespace}"`,
      });
      client.close();
    });
  });
}
