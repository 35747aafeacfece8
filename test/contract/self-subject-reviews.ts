import { expect } from "chai";
import type { ApiAnswer, ApiClient } from "../rig/api-client.ts";
import {
  createServiceAccount,
  expectFailure,
  type IssuedToken,
  object,
  partsOf,
  paths,
  requestToken,
  type ServiceAccountOnTarget,
} from "./objects.ts";
import type { Contract } from "./target.ts";

const path = `${paths.authentication}/selfsubjectreviews`;
const group = "authentication.k8s.io";
const typeMeta = { kind: "SelfSubjectReview", apiVersion: `${group}/v1` };
const protobuf = "application/vnd.kubernetes.protobuf";
/** What kubectl 1.32 to 1.37 sends. */
const whoami = Buffer.from(
  "azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=",
  "base64",
);
const notFound = {
  code: 404,
  reason: "NotFound",
  message: "the server could not find the requested resource",
  details: {},
};

interface Review {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: { readonly userInfo: unknown };
}

/** Who am I: kubernetes/kubernetes pkg/registry/authentication/selfsubjectreview. */
export function describeSelfSubjectReviews(contract: Contract): void {
  const { check, admin } = contract;
  let account: ServiceAccountOnTarget;
  let token: string;
  let client: ApiClient;
  const review = async (body: unknown = typeMeta, headers: Record<string, string> = {}): Promise<Review> =>
    object<Review>(await admin().request("POST", path, { body, headers }));
  const asUser = (headers: Readonly<Record<string, string>>): Promise<unknown> =>
    review(typeMeta, headers).then(({ status }) => status.userInfo);
  const expectRefused = (answer: ApiAnswer, message: string): void =>
    expectFailure(answer, { code: 400, reason: "BadRequest", message });

  describe("SelfSubjectReview", () => {
    before(async () => {
      account = await createServiceAccount(contract);
      token = object<IssuedToken>(await requestToken(contract, account, {})).status.token;
      client = admin().as(token);
    });
    after(() => client?.close());

    check("says who a ServiceAccount is, and nothing else", async () => {
      const { metadata, ...rest } = object<Review>(await client.post(path, typeMeta));
      expect(rest).to.deep.equal({
        ...typeMeta,
        status: {
          userInfo: {
            username: account.username,
            uid: account.uid,
            groups: [
              "system:serviceaccounts",
              `system:serviceaccounts:${account.namespace}`,
              "system:authenticated",
            ],
            extra: {
              "authentication.kubernetes.io/credential-id": [`JTI=${partsOf(token).claims.jti}`],
            },
          },
        },
      });
      expect(metadata).to.have.all.keys("creationTimestamp");
      expect(metadata.creationTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    });

    check(
      "is nobody's word but the server's: status and metadata that were sent do not come back",
      async () => {
        const answered = await review({
          ...typeMeta,
          metadata: {
            name: "mine",
            uid: "mine",
            labels: { mine: "true" },
            resourceVersion: "7",
            creationTimestamp: "2001-01-01T00:00:00Z",
          },
          status: { userInfo: { username: "mallory", uid: "0", extra: { mine: ["true"] } } },
        });
        expect(answered.status.userInfo).to.include({ username: "admin" }).and.to.not.have.property("extra");
        expect(answered.metadata).to.have.all.keys("creationTimestamp");
        expect(answered.metadata.creationTimestamp).to.not.contain("2001");
      },
    );

    check("sees whom is impersonated, without uid and extra where there is none", async () => {
      expect(await asUser({ "Impersonate-User": "jane" })).to.deep.equal({
        username: "jane",
        groups: ["system:authenticated"],
      });
    });

    check("sees uid, groups and extra that are impersonated, its keys in lower case", async () => {
      expect(
        await asUser({
          "Impersonate-User": "jane",
          "Impersonate-Group": "dev",
          "Impersonate-Uid": "u-1",
          "Impersonate-Extra-Scopes": "view",
          "Impersonate-Extra-Acme.example%2fProject": "one",
        }),
      ).to.deep.equal({
        username: "jane",
        uid: "u-1",
        groups: ["dev", "system:authenticated"],
        extra: { scopes: ["view"], "acme.example/project": ["one"] },
      });
    });

    check("takes the bytes of protobuf that kubectl sends", async () => {
      const headers = { "content-type": protobuf, accept: "application/json" };
      const { status } = await review(whoami, headers);
      expect(status.userInfo).to.include({ username: "admin" });
    });

    check("takes what does not say its kind", async () => {
      for (const body of ["{}", "null", { kind: typeMeta.kind }, { apiVersion: typeMeta.apiVersion }])
        expect((await review(body)).kind, JSON.stringify(body)).to.equal("SelfSubjectReview");
    });

    check("takes a dry run", async () => {
      expect((await admin().post(`${path}?dryRun=All`, typeMeta)).status).to.equal(201);
    });

    check("refuses an empty body", async () => {
      const unrecognized = "the object provided is unrecognized (must be of type SelfSubjectReview): ";
      expectRefused(
        await admin().post(path, ""),
        `${unrecognized}couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`,
      );
      const headers = { "content-type": protobuf };
      expectRefused(
        await admin().request("POST", path, { body: "", headers }),
        `${unrecognized}empty data (<empty>)`,
      );
      expectRefused(
        await admin().request("POST", path, { body: whoami.subarray(0, 4), headers }),
        `${unrecognized}empty body (6b387300)`,
      );
      expectRefused(
        await admin().request("POST", path, { body: whoami.subarray(0, 60), headers }),
        `${unrecognized}unexpected EOF (${whoami.subarray(0, 30).toString("hex")} ...)`,
      );
    });

    for (const [kind, apiVersion, version] of [
      ["TokenReview", typeMeta.apiVersion, "v1"],
      ["ConfigMap", "v1", "v1"],
      ["Deployment", "apps/v1", "v1"],
    ] as const)
      check(`refuses a ${kind}`, async () => {
        expectRefused(
          await admin().post(path, { kind, apiVersion }),
          `${kind} in version "${version}" cannot be handled as a SelfSubjectReview: converting (${version}.${kind}) to (authentication.SelfSubjectReview): unknown conversion`,
        );
      });

    for (const [kind, apiVersion] of [
      ["SelfSubjectRecipe", typeMeta.apiVersion],
      ["SelfSubjectReview", "v1"],
    ] as const)
      check(`refuses a ${kind} of ${apiVersion}, which nobody knows`, async () => {
        const { status, body } = await admin().post(path, { kind, apiVersion });
        expect(status).to.equal(400);
        expect((body as { message: string }).message).to.contain(
          `${kind} in version "v1" cannot be handled as a SelfSubjectReview: no kind "${kind}" is registered for version "${apiVersion}"`,
        );
      });

    check("refuses a version that is not the path's", async () => {
      const message = `the API version in the data (${group}/v1beta1) does not match the expected API version (${group}/v1)`;
      expectRefused(await admin().post(path, { ...typeMeta, apiVersion: `${group}/v1beta1` }), message);
    });

    check("refuses a status of the wrong type, though it would not count", async () => {
      expectRefused(
        await admin().post(path, { ...typeMeta, status: { userInfo: { username: 3 } } }),
        'SelfSubjectReview in version "v1" cannot be handled as a SelfSubjectReview: json: cannot unmarshal number into Go struct field UserInfo.status.userInfo.username of type string',
      );
    });

    check("refuses a body in another format", async () => {
      const headers = { "content-type": "text/plain" };
      expectFailure(await admin().request("POST", path, { body: "{}", headers }), {
        code: 415,
        reason: "UnsupportedMediaType",
        message:
          "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
      });
    });

    check("is not for anonymous, impersonated or not", async () => {
      const forbidden = {
        code: 403,
        reason: "Forbidden",
        message:
          'selfsubjectreviews.authentication.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope',
        details: { group, kind: "selfsubjectreviews" },
      };
      const nobody = admin().as();
      expectFailure(await nobody.post(path, typeMeta), forbidden);
      nobody.close();
      const headers = { "Impersonate-User": "system:anonymous" };
      expectFailure(await admin().request("POST", path, { body: typeMeta, headers }), forbidden);
    });

    check("is not for a token that is none", async () => {
      const stranger = admin().as("not-a-token");
      expectFailure(await stranger.post(path, typeMeta), {
        code: 401,
        reason: "Unauthorized",
        message: "Unauthorized",
      });
      stranger.close();
    });

    check("can only be created, at its own path", async () => {
      for (const method of ["GET", "PUT", "DELETE"])
        expectFailure(await admin().request(method, path, { body: typeMeta }), {
          code: 405,
          reason: "MethodNotAllowed",
          message: "the server does not allow this method on the requested resource",
          details: {},
        });
      for (const other of [
        `${path}/name`,
        `${paths.authentication}/namespaces/default/selfsubjectreviews`,
        `/apis/${group}/v1beta1/selfsubjectreviews`,
        `/apis/${group}/v1alpha1/selfsubjectreviews`,
        `/apis/${group}/v1alpha1/selfsubjectattributesreview`,
        `/apis/${group}/v1/selfsubjectattributesreview`,
      ])
        expectFailure(await admin().post(other, typeMeta), notFound);
    });

    check("is granted to everybody who is authenticated, and only there", async () => {
      const role = object<{ rules: unknown }>(
        await admin().get(`${paths.rbac}/clusterroles/system:basic-user`),
        200,
      );
      expect(role.rules).to.deep.include({
        verbs: ["create"],
        apiGroups: [group],
        resources: ["selfsubjectreviews"],
      });
      const binding = object<{ subjects: unknown }>(
        await admin().get(`${paths.rbac}/clusterrolebindings/system:basic-user`),
        200,
      );
      expect(binding.subjects).to.deep.equal([
        { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "system:authenticated" },
      ]);
    });

    check("is in discovery", async () => {
      const v1 = { groupVersion: `${group}/v1`, version: "v1" };
      expect(object<object>(await admin().get(`/apis/${group}`), 200)).to.deep.equal({
        kind: "APIGroup",
        apiVersion: "v1",
        name: group,
        versions: [v1],
        preferredVersion: v1,
      });
      const { resources } = object<{ resources: unknown }>(await admin().get(paths.authentication), 200);
      expect(resources).to.deep.include({
        name: "selfsubjectreviews",
        singularName: "selfsubjectreview",
        namespaced: false,
        kind: "SelfSubjectReview",
        verbs: ["create"],
      });
    });
  });
}
