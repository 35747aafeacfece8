import { expect } from "chai";
import {
  createServiceAccount,
  expectFailure,
  grant,
  grantAttest,
  isAllowed,
  object,
  paths,
  type ServiceAccountOnTarget,
} from "./objects.ts";
import type { Contract } from "./target.ts";

const attest = {
  verb: "attest",
  group: "authentication.k8s.io",
  version: "*",
  resource: "admissionReviewAPIGroups",
};

interface AccessReview {
  readonly status: { readonly allowed: boolean; readonly denied?: boolean; readonly reason?: string };
}

/** RBAC as a webhook's caller meets it: kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac. */
export function describeAccessReviews(contract: Contract): void {
  const { check, admin } = contract;
  let account: ServiceAccountOnTarget;
  const may = (attributes: object, user = account.username) => isAllowed(contract, user, attributes);
  const review = async (spec: object) =>
    object<AccessReview>(await admin().post(`${paths.authorization}/subjectaccessreviews`, { spec })).status;

  describe("SubjectAccessReview", () => {
    beforeEach(async () => {
      account = await createServiceAccount(contract);
    });

    check("allows attest for exactly the granted groups", async () => {
      await grantAttest(contract, account, "apps");
      expect(await may({ ...attest, name: "apps" })).to.equal(true);
      for (const name of ["batch", "*", "APPS", undefined])
        expect(await may({ ...attest, name }), String(name)).to.equal(false);
    });

    check("does not allow attest for all groups to who may attest for *", async () => {
      await grantAttest(contract, account, "*");
      expect(await may({ ...attest, name: "*" })).to.equal(true);
      expect(await may({ ...attest, name: "apps" })).to.equal(false);
    });

    check("compares the resource by case", async () => {
      await grantAttest(contract, account, "apps");
      expect(await may({ ...attest, resource: "admissionreviewapigroups", name: "apps" })).to.equal(false);
    });

    check("names the binding that allows", async () => {
      const role = await grantAttest(contract, account, "apps");
      const { name, namespace } = account;
      expect(
        await review({ user: account.username, resourceAttributes: { ...attest, name: "apps" } }),
      ).to.deep.equal({
        allowed: true,
        reason: `RBAC: allowed by ClusterRoleBinding "${role}" of ClusterRole "${role}" to ServiceAccount "${name}/${namespace}"`,
      });
    });

    check("says only not allowed where nothing grants", async () => {
      expect(await review({ user: "nobody", resourceAttributes: { ...attest, name: "apps" } })).to.deep.equal(
        { allowed: false },
      );
    });

    check("allows everything to system:masters", async () => {
      expect(
        await review({
          user: "anybody",
          groups: ["system:masters"],
          resourceAttributes: { ...attest, name: "*" },
        }),
      ).to.include({ allowed: true });
    });

    check("knows a subresource from its resource", async () => {
      const token = {
        verb: "create",
        group: "",
        resource: "serviceaccounts",
        subresource: "token",
        namespace: account.namespace,
        name: account.name,
      };
      await grant(
        contract,
        account,
        [
          {
            apiGroups: [""],
            resources: ["serviceaccounts/token"],
            resourceNames: [account.name],
            verbs: ["create"],
          },
        ],
        token,
      );
      expect(await may({ ...token, subresource: undefined })).to.equal(false);
      expect(await may({ ...token, name: "other" })).to.equal(false);
      expect(await may({ ...token, verb: "get" })).to.equal(false);
    });

    check("understands */subresource", async () => {
      const scale = { verb: "get", group: "apps", resource: "deployments", subresource: "scale" };
      await grant(
        contract,
        account,
        [{ apiGroups: ["apps"], resources: ["*/scale"], verbs: ["get"] }],
        scale,
      );
      expect(await may({ ...scale, resource: "statefulsets" })).to.equal(true);
      expect(await may({ ...scale, subresource: "status" })).to.equal(false);
    });

    check("keeps a Role to its namespace", async () => {
      const { namespace, name } = account;
      const role = contract.unique("role");
      const path = `${paths.rbac}/namespaces/${namespace}`;
      const configMaps = { verb: "list", group: "", resource: "configmaps" };
      object(
        await admin().post(`${path}/roles`, {
          metadata: { name: role },
          rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }],
        }),
      );
      object(
        await admin().post(`${path}/rolebindings`, {
          metadata: { name: role },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role },
          subjects: [{ kind: "ServiceAccount", name, namespace }],
        }),
      );
      await grant(
        contract,
        account,
        [{ apiGroups: ["x.example.com"], resources: ["probes"], verbs: ["get"] }],
        { verb: "get", group: "x.example.com", resource: "probes" },
      );
      expect(await may({ ...configMaps, namespace })).to.equal(true);
      expect(await may({ ...configMaps, namespace: "default" })).to.equal(false);
      expect(await may(configMaps)).to.equal(false);
    });

    check("decides on paths that are no resource", async () => {
      const user = { user: account.username, groups: ["system:serviceaccounts", "system:authenticated"] };
      expect(
        await review({ ...user, nonResourceAttributes: { path: "/openid/v1/jwks", verb: "get" } }),
      ).to.include({ allowed: true });
      expect(await review({ ...user, nonResourceAttributes: { path: "/metrics", verb: "get" } })).to.include({
        allowed: false,
      });
      expect(
        await review({
          user: "system:anonymous",
          groups: ["system:unauthenticated"],
          nonResourceAttributes: { path: "/openid/v1/jwks", verb: "get" },
        }),
      ).to.include({ allowed: false });
    });

    check("wants attributes and somebody", async () => {
      const answer = await admin().post(`${paths.authorization}/subjectaccessreviews`, { spec: {} });
      const noAttributes =
        "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
      const nobody = 'Invalid value: "": at least one of user or group must be specified';
      expectFailure(answer, {
        code: 422,
        reason: "Invalid",
        message: `.authorization.k8s.io "" is invalid: [spec: ${noAttributes}, spec.user: ${nobody}]`,
        details: {
          group: "authorization.k8s.io",
          causes: [
            { reason: "FieldValueInvalid", message: noAttributes, field: "spec" },
            { reason: "FieldValueInvalid", message: nobody, field: "spec.user" },
          ],
        },
      });
    });
  });
}
