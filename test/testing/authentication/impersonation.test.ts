import { expect } from "chai";
import { AnswerStatusError } from "../../../src/apis/answer-status.ts";
import type { UserInfo } from "../../../src/apis/authentication.ts";
import type { RequestAttributes } from "../../../src/authorization/request-attributes.ts";
import { createGrantedImpersonation } from "../../../src/testing/authentication/impersonation.ts";
import type { Decision } from "../../../src/testing/authorization/rbac-authorizer.ts";
import { rejectionOf } from "../../rejection.ts";

const requester: UserInfo = { username: "proxy", groups: ["system:authenticated"] };

describe("createGrantedImpersonation", () => {
  const asked: [UserInfo, RequestAttributes][] = [];
  const deciding = (decision: Decision) =>
    createGrantedImpersonation({
      authorize(user, attributes) {
        asked.push([user, attributes]);
        return decision;
      },
      rulesFor: () => [],
    });
  beforeEach(() => asked.splice(0));

  it("asks the control plane's own authorizer with every attribute it compares", async () => {
    const headers = ["Impersonate-User", "system:serviceaccount:ns:sa", "Impersonate-Extra-Scope", "a"];
    const user = await deciding({ allowed: true, reason: "" }).impersonate(requester, headers);
    expect(user.username).to.equal("system:serviceaccount:ns:sa");
    const common = { isResourceRequest: true, path: "", verb: "impersonate", version: "v1" };
    expect(asked).to.deep.equal([
      [
        requester,
        { ...common, group: "", resource: "serviceaccounts", subresource: "", namespace: "ns", name: "sa" },
      ],
      [
        requester,
        {
          ...common,
          group: "authentication.k8s.io",
          resource: "userextras",
          subresource: "scope",
          namespace: "",
          name: "a",
        },
      ],
    ]);
  });

  it("answers who was not granted it with 403 and the authorizer's reason", async () => {
    const error = await rejectionOf(
      deciding({ allowed: false, reason: "no role" }).impersonate(requester, ["Impersonate-User", "jane"]),
    );
    expect(error).to.be.instanceOf(AnswerStatusError);
    expect((error as AnswerStatusError).answer).to.deep.include({
      code: 403,
      message:
        'users "jane" is forbidden: User "proxy" cannot impersonate resource "users" in API group "" at the cluster scope: no role',
    });
  });

  it("asks nobody where nobody is impersonated", async () => {
    expect(await deciding({ allowed: false, reason: "" }).impersonate(requester, ["X", "y"])).to.equal(
      requester,
    );
    expect(asked).to.deep.equal([]);
  });
});
