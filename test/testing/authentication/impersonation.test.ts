import { expect } from "chai";
import type { UserInfo } from "../../../src/apis/authentication.ts";
import { impersonate } from "../../../src/testing/authentication/impersonation.ts";
import type { Authorizer } from "../../../src/testing/authorization/rbac-authorizer.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";

const requester: UserInfo = { username: "proxy", groups: ["system:authenticated"] };

describe("impersonation", () => {
  /** Allows what is listed as `group/resource[/subresource] namespace name`, and keeps what it was asked. */
  const authorizer = (allowed: readonly string[] | "all"): Authorizer & { readonly asked: string[] } => {
    const asked: string[] = [];
    return {
      asked,
      authorize(user, { verb, group, resource, subresource, namespace, name }) {
        expect([user, verb]).to.deep.equal([requester, "impersonate"]);
        const what = [group, resource, subresource].filter(Boolean).join("/");
        asked.push([what, namespace, name].filter(Boolean).join(" "));
        return { allowed: allowed === "all" || allowed.includes(asked.at(-1)!), reason: "" };
      },
      rulesFor: () => [],
    };
  };
  const as = (headers: Record<string, string[]>, allowed: readonly string[] | "all" = "all"): UserInfo =>
    impersonate(headers, requester, authorizer(allowed));

  it("without its headers leaves the requester who he is", () => {
    expect(as({ "x-other": ["a"] })).to.equal(requester);
  });

  it("gives a user's name, and that he is authenticated", () => {
    expect(as({ "impersonate-user": ["jane"] })).to.deep.equal({
      username: "jane",
      groups: ["system:authenticated"],
    });
  });

  it("gives groups, uid and extra, each by its own", () => {
    const headers = {
      "impersonate-user": ["jane"],
      "impersonate-group": ["dev", "ops"],
      "impersonate-uid": ["u1"],
      "impersonate-extra-example.com%2fscope": ["a", "b"],
    };
    expect(as(headers)).to.deep.equal({
      username: "jane",
      uid: "u1",
      groups: ["dev", "ops", "system:authenticated"],
      extra: { "example.com/scope": ["a", "b"] },
    });
    const asked = authorizer("all");
    impersonate(headers, requester, asked);
    expect(asked.asked).to.deep.equal([
      "users jane",
      "groups dev",
      "groups ops",
      "authentication.k8s.io/userextras/example.com/scope a",
      "authentication.k8s.io/userextras/example.com/scope b",
      "authentication.k8s.io/uids u1",
    ]);
  });

  it("gives a ServiceAccount its own groups, unless others are asked for", () => {
    const user = "system:serviceaccount:ns:sa";
    expect(as({ "impersonate-user": [user] }, ["serviceaccounts ns sa"]).groups).to.deep.equal([
      "system:serviceaccounts",
      "system:serviceaccounts:ns",
      "system:authenticated",
    ]);
    expect(as({ "impersonate-user": [user], "impersonate-group": ["dev"] }).groups).to.deep.equal([
      "dev",
      "system:authenticated",
    ]);
  });

  it("of anonymous is not authenticated", () => {
    expect(as({ "impersonate-user": ["system:anonymous"] }).groups).to.deep.equal(["system:unauthenticated"]);
  });

  const refused = (headers: Record<string, string[]>, allowed: readonly string[]): number | undefined => {
    try {
      as(headers, allowed);
      return undefined;
    } catch (error) {
      return error instanceof StatusError ? error.status.code : -1;
    }
  };

  it("is refused as soon as one part is not granted", () => {
    const headers = { "impersonate-user": ["jane"], "impersonate-group": ["dev"], "impersonate-uid": ["u"] };
    const all = ["users jane", "groups dev", "authentication.k8s.io/uids u"];
    expect(refused(headers, all)).to.equal(undefined);
    for (const missing of all)
      expect(
        refused(
          headers,
          all.filter((one) => one !== missing),
        ),
      ).to.equal(403);
  });

  for (const header of ["impersonate-group", "impersonate-uid", "impersonate-extra-scope"])
    it(`by ${header} without a user is a bad request`, () => {
      expect(refused({ [header]: ["a"] }, [])).to.equal(400);
    });

  it("keeps an extra key that is not percent-encoded UTF-8 as it stands", () => {
    expect(as({ "impersonate-user": ["jane"], "impersonate-extra-%e0%a4%a": ["a"] }).extra).to.deep.equal({
      "%e0%a4%a": ["a"],
    });
  });
});
