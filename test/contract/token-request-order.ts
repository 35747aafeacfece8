import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import {
  attesting,
  boundTo,
  createConfiguration,
  createServiceAccount,
  expectFailure,
  grant,
  grantAttest,
  type IssuedToken,
  object,
  partsOf,
  paths,
  requestToken,
  type ServiceAccountOnTarget,
  type StoredObject,
} from "./objects.ts";
import type { Contract } from "./target.ts";

const url = "https://hooks.example.com/order";
const ownAudience = "https://kubernetes.default.svc.cluster.local";
const noUID = "00000000-0000-0000-0000-000000000000";

/** Which of several faults is told, in the order of kubernetes/kubernetes pkg/registry/core/serviceaccount/storage/token.go. */
export function describeTokenRequestOrder(contract: Contract): void {
  const { check, admin } = contract;
  let account: ServiceAccountOnTarget;
  let configuration: StoredObject;
  const spec = (more: object = {}) => ({
    audiences: [url],
    boundObjectRef: boundTo(configuration),
    attestations: attesting("apps"),
    ...more,
  });
  const invalid = { ...{ audiences: [url] }, expirationSeconds: 1 };
  const cannotAttest = (group: string) => ({
    code: 403,
    reason: "Forbidden",
    message: `admissionReviewAPIGroups.authentication.k8s.io "${group}" is forbidden: User "${account.username}" cannot attest resource "admissionReviewAPIGroups" in API group "authentication.k8s.io" at the cluster scope`,
    details: { name: group, group: "authentication.k8s.io", kind: "admissionReviewAPIGroups" },
  });

  describe("order of a TokenRequest's checks", () => {
    before(async () => {
      account = await createServiceAccount(contract);
      configuration = await createConfiguration(contract, "validating", [{ clientConfig: { url } }]);
    });

    check("metadata.name of somebody else comes first", async () => {
      const answer = await admin().post(account.tokenPath, {
        metadata: { name: "other", uid: noUID },
        spec: invalid,
      });
      const message = 'Invalid value: "other": must match the service account name if specified';
      expectFailure(answer, {
        code: 422,
        reason: "Invalid",
        message: `TokenRequest.authentication.k8s.io "${account.name}" is invalid: metadata.name: ${message}`,
        details: {
          name: account.name,
          group: "authentication.k8s.io",
          kind: "TokenRequest",
          causes: [{ reason: "FieldValueInvalid", message, field: "metadata.name" }],
        },
      });
    });

    check("metadata.namespace of somebody else is a bad request", async () => {
      const answer = await admin().post(account.tokenPath, {
        metadata: { namespace: "other" },
        spec: invalid,
      });
      expectFailure(answer, {
        code: 400,
        reason: "BadRequest",
        message: "the namespace of the provided object does not match the namespace sent on the request",
      });
    });

    check("a ServiceAccount that does not exist comes before validation", async () => {
      const answer = await admin().post(account.tokenPath.replace(account.name, "nobody"), { spec: invalid });
      expectFailure(answer, {
        code: 404,
        reason: "NotFound",
        message: 'serviceaccounts "nobody" not found',
        details: { name: "nobody", kind: "serviceaccounts" },
      });
    });

    check("a ServiceAccount of another uid comes before validation", async () => {
      const answer = await admin().post(account.tokenPath, { metadata: { uid: noUID }, spec: invalid });
      const message = `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "${account.name}": the UID in the token request (${noUID}) does not match the UID of the service account (${account.uid})`;
      expectFailure(answer, {
        code: 409,
        reason: "Conflict",
        message,
        details: { name: account.name, group: "authentication.k8s.io", kind: "TokenRequest" },
      });
    });

    check("validation comes before the audience of the API server", async () => {
      const answer = await requestToken(
        contract,
        account,
        spec({ audiences: [ownAudience], expirationSeconds: 1 }),
      );
      expect(answer.status, answer.text).to.equal(422);
    });

    check("the API server's own audience comes before the grant", async () => {
      const message = "api server audiences are invalid for webhook token requests";
      for (const audiences of [[ownAudience], undefined])
        expectFailure(await requestToken(contract, account, spec({ audiences })), {
          code: 400,
          reason: "BadRequest",
          message,
        });
    });

    check(
      "the missing grant comes before the configuration is looked for, its uid and its audiences",
      async () => {
        const nowhere = { ...boundTo(configuration), name: "nowhere" };
        const variants = [
          {},
          { boundObjectRef: nowhere },
          { boundObjectRef: { ...boundTo(configuration), uid: noUID } },
          { audiences: ["https://elsewhere.example.com"] },
        ];
        for (const more of variants)
          expectFailure(await requestToken(contract, account, spec(more)), cannotAttest("apps"));
      },
    );

    check("attest on one group grants neither another nor *", async () => {
      await grantAttest(contract, account, "apps");
      expect((await requestToken(contract, account, spec())).status).to.equal(201);
      for (const group of ["batch", "*"])
        expectFailure(
          await requestToken(contract, account, spec({ attestations: attesting(group) })),
          cannotAttest(group),
        );
    });

    check("the missing match comes before the wrong uid", async () => {
      const answer = await requestToken(
        contract,
        account,
        spec({
          audiences: ["https://elsewhere.example.com"],
          boundObjectRef: { ...boundTo(configuration), uid: noUID },
        }),
      );
      expect(answer.body, answer.text).to.containSubset({
        code: 403,
        message: `serviceaccounts/token "${account.name}" is forbidden: token request denied`,
      });
    });

    check("attest taken back refuses new tokens", async () => {
      const other = await createServiceAccount(contract);
      const role = await grantAttest(contract, other, "apps");
      expect((await requestToken(contract, other, spec())).status).to.equal(201);
      object(await admin().delete(`${paths.rbac}/clusterrolebindings/${role}`), 200);
      await poll("the grant to be gone", async () =>
        (await requestToken(contract, other, spec())).status === 403 ? true : undefined,
      );
    });

    check(
      "the grant is the ServiceAccount's, and the requester's is create on serviceaccounts/token",
      async () => {
        const requester = await createServiceAccount(contract);
        const { status } = object<IssuedToken>(await requestToken(contract, requester, {}));
        const client = admin().as(status.token);
        try {
          const message = `serviceaccounts "${account.name}" is forbidden: User "${requester.username}" cannot create resource "serviceaccounts/token" in API group "" in the namespace "${account.namespace}"`;
          expectFailure(await client.post(account.tokenPath, { spec: spec() }), {
            code: 403,
            reason: "Forbidden",
            message,
            details: { name: account.name, kind: "serviceaccounts" },
          });
          const rules = [{ apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] }];
          await grant(contract, requester, rules, {
            group: "",
            resource: "serviceaccounts",
            subresource: "token",
            verb: "create",
            namespace: account.namespace,
            name: account.name,
          });
          const minted = object<IssuedToken>(await client.post(account.tokenPath, { spec: spec() }));
          expect(partsOf(minted.status.token).claims.sub).to.equal(account.username);
        } finally {
          client.close();
        }
      },
    );
  });
}
