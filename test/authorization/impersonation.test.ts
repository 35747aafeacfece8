import { expect } from "chai";
import { AnswerStatusError } from "../../src/apis/answer-status.ts";
import type { UserInfo } from "../../src/apis/authentication.ts";
import type { ResourceAttributes } from "../../src/apis/authorization.ts";
import type { AccessDecision, Authorizer } from "../../src/authorization/authorizer.ts";
import { createImpersonation, refuseImpersonation } from "../../src/authorization/impersonation.ts";
import { CountersignError } from "../../src/errors.ts";
import { rejectionOf } from "../rejection.ts";

const requester: UserInfo = { username: "proxy", groups: ["system:authenticated"] };

/** As `group/resource[/subresource] namespace name`. */
function written({ group, resource, subresource, namespace, name }: ResourceAttributes): string {
  const what = [group, resource, subresource].filter(Boolean).join("/");
  return [what, namespace, name].filter(Boolean).join(" ");
}

/** Allows what is listed, and keeps what it was asked. */
function granting(allowed: readonly string[] | "all"): Authorizer & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async authorize({ user, resource, nonResource }) {
      expect(user).to.equal(requester);
      expect(nonResource).to.equal(undefined);
      expect(resource).to.include({ verb: "impersonate", version: "v1" });
      asked.push(written(resource!));
      const isAllowed = allowed === "all" || allowed.includes(asked.at(-1)!);
      return { decision: isAllowed ? "allow" : "noOpinion", reason: "" };
    },
  };
}

const as = (headers: readonly string[], authorizer: Authorizer = granting("all")): Promise<UserInfo> =>
  createImpersonation({ authorizer }).impersonate(requester, headers);

const everything = [
  ...["Impersonate-User", "jane", "Impersonate-Group", "dev", "Impersonate-Group", "ops"],
  ...[
    "Impersonate-Uid",
    "u1",
    "Impersonate-Extra-Example.com%2fScope",
    "a",
    "Impersonate-Extra-Example.com%2fScope",
    "b",
  ],
];
const allParts = [
  "users jane",
  "authentication.k8s.io/uids u1",
  "groups dev",
  "groups ops",
  "authentication.k8s.io/userextras/example.com/scope a",
  "authentication.k8s.io/userextras/example.com/scope b",
];

describe("createImpersonation", () => {
  it("without its headers the requester stays who he is, and nobody is asked", async () => {
    const authorizer = granting("all");
    expect(await as(["X-Other", "a"], authorizer)).to.equal(requester);
    expect(authorizer.asked).to.deep.equal([]);
  });

  it("gives exactly what was asked for, and that the user is authenticated", async () => {
    expect(await as(["Impersonate-User", "jane"])).to.deep.equal({
      username: "jane",
      groups: ["system:authenticated"],
    });
    expect(await as(everything)).to.deep.equal({
      username: "jane",
      uid: "u1",
      groups: ["dev", "ops", "system:authenticated"],
      extra: { "example.com/scope": ["a", "b"] },
    });
  });

  it("has each part allowed by its own, in upstream's order", async () => {
    const authorizer = granting("all");
    await as(everything, authorizer);
    expect(authorizer.asked).to.deep.equal(allParts);
  });

  for (const missing of allParts)
    it(`is refused where ${missing} is not granted, and asks nothing after it`, async () => {
      const authorizer = granting(allParts.filter((part) => part !== missing));
      expect(await rejectionOf(as(everything, authorizer))).to.include({
        code: "ERR_IMPERSONATION",
        status: 403,
      });
      expect(authorizer.asked).to.deep.equal(allParts.slice(0, allParts.indexOf(missing) + 1));
    });

  it("every value of one header more is one question more: none slips in unasked", async () => {
    for (const header of ["Impersonate-Group", "Impersonate-Extra-Scope", "Impersonate-Extra-__proto__"]) {
      const authorizer = granting("all");
      await as(["Impersonate-User", "jane", header, "a", header, "a", header, ""], authorizer);
      expect(authorizer.asked).to.have.length(4);
    }
  });

  describe("a ServiceAccount", () => {
    const account = ["Impersonate-User", "system:serviceaccount:ns:sa"];
    it("is asked for by namespace and name, and has its own groups", async () => {
      expect(await as(account, granting(["serviceaccounts ns sa"]))).to.deep.equal({
        username: "system:serviceaccount:ns:sa",
        groups: ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
      });
    });
    it("has the groups that are asked for instead, where some are", async () => {
      expect((await as([...account, "Impersonate-Group", "dev"])).groups).to.deep.equal([
        "dev",
        "system:authenticated",
      ]);
    });
    for (const username of [
      "system:serviceaccount:ns",
      "system:serviceaccount::sa",
      "system:serviceaccount:ns:",
      "system:serviceaccount:ns:sa:more",
      "system:serviceaccount:Ns:sa",
      "system:serviceaccount:n.s:sa",
      `system:serviceaccount:${"n".repeat(64)}:sa`,
      `system:serviceaccount:ns:${"s".repeat(254)}`,
      "system:serviceaccount:ns:-sa",
      "system:serviceaccounts:ns:sa",
      "System:serviceaccount:ns:sa",
    ])
      it(`is nobody whose name no ServiceAccount can have: ${username.slice(0, 50)}`, async () => {
        const user = await as(["Impersonate-User", username], granting([`users ${username}`]));
        expect(user).to.deep.equal({ username, groups: ["system:authenticated"] });
      });
    it("may have dots in its name, and be as long as may be", async () => {
      const name = `a.b-c.${"d".repeat(247)}`;
      const namespace = "n".repeat(63);
      const user = await as(
        ["Impersonate-User", `system:serviceaccount:${namespace}:${name}`],
        granting([`serviceaccounts ${namespace} ${name}`]),
      );
      expect(user.groups).to.contain(`system:serviceaccounts:${namespace}`);
    });
  });

  for (const [username, asked, groups] of [
    ["jane", [], ["system:authenticated"]],
    ["jane", ["system:authenticated"], ["system:authenticated"]],
    ["jane", ["system:unauthenticated"], ["system:unauthenticated"]],
    ["jane", ["dev", "system:unauthenticated"], ["dev", "system:unauthenticated"]],
    ["system:anonymous", [], ["system:unauthenticated"]],
    ["system:anonymous", ["system:unauthenticated"], ["system:unauthenticated"]],
    ["system:anonymous", ["system:authenticated"], ["system:authenticated", "system:unauthenticated"]],
    ["jane", ["system:masters"], ["system:masters", "system:authenticated"]],
  ] as const)
    it(`${username} in ${asked.join(", ") || "no group"} is in ${groups.join(", ")}`, async () => {
      const headers = [
        "Impersonate-User",
        username,
        ...asked.flatMap((group) => ["Impersonate-Group", group]),
      ];
      const authorizer = granting("all");
      expect((await as(headers, authorizer)).groups).to.deep.equal(groups);
      // what is added is the rule's, what is asked for is asked about
      expect(authorizer.asked).to.deep.equal([
        `users ${username}`,
        ...asked.map((group) => `groups ${group}`),
      ]);
    });

  const statusOf = async (authorizer: Authorizer, ...headers: string[]) => {
    const error = await rejectionOf(as(headers, authorizer));
    expect(error).to.be.instanceOf(AnswerStatusError);
    return (error as AnswerStatusError).answer;
  };
  const answering = (decision: AccessDecision): Authorizer => ({ authorize: () => decision });

  it("refuses in upstream's words, with the authorizer's reason", async () => {
    const no = answering({ decision: "noOpinion", reason: "no role" });
    expect(await statusOf(no, "Impersonate-User", "jane")).to.deep.equal({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message:
        'users "jane" is forbidden: User "proxy" cannot impersonate resource "users" in API group "" at the cluster scope: no role',
      reason: "Forbidden",
      details: { name: "jane", kind: "users" },
      code: 403,
    });
    const { message, details } = await statusOf(
      granting(["users jane"]),
      ...["Impersonate-User", "jane", "Impersonate-Extra-Scope", "a"],
    );
    expect(message).to.equal(
      'userextras.authentication.k8s.io "a" is forbidden: User "proxy" cannot impersonate resource "userextras/scope" in API group "authentication.k8s.io" at the cluster scope',
    );
    expect(details).to.deep.equal({ name: "a", group: "authentication.k8s.io", kind: "userextras" });
    expect((await statusOf(no, "Impersonate-User", "system:serviceaccount:ns:sa")).message).to.contain(
      'resource "serviceaccounts" in API group "" in the namespace "ns"',
    );
  });

  it("a denial, no opinion and an answer with an error are all no leave", async () => {
    const error = new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "it contradicts itself");
    for (const decision of [
      { decision: "deny", reason: "" },
      { decision: "noOpinion", reason: "" },
      { decision: "deny", reason: "", error },
    ] as const)
      expect((await statusOf(answering(decision), "Impersonate-User", "jane")).code).to.equal(403);
  });

  it("an authorizer that fails is a refusal that says so, thrown or rejected", async () => {
    const away = new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "access review: away");
    for (const authorize of [
      () => Promise.reject(away),
      () => {
        throw away;
      },
    ])
      expect((await statusOf({ authorize }, "Impersonate-User", "jane")).message).to.match(
        /scope: access review: away$/,
      );
  });

  it("a fault is no answer: nothing of it is told", async () => {
    const fault = new TypeError("x is undefined");
    const failing = { authorize: () => Promise.reject(fault) };
    expect(await as(["Impersonate-User", "jane"], failing).catch((error: unknown) => error)).to.equal(fault);
  });

  it("hands the caller's signal on, and gives up with its reason", async () => {
    const gone = new AbortController();
    const reason = new Error("the client is gone");
    const waiting: Authorizer = {
      authorize: (_, { signal } = {}) =>
        new Promise((_resolve, reject) => {
          signal!.addEventListener("abort", () => reject(signal!.reason));
          gone.abort(reason);
        }),
    };
    const { signal } = gone;
    const asked = createImpersonation({ authorizer: waiting }).impersonate(requester, everything, { signal });
    expect(await asked.catch((error: unknown) => error)).to.equal(reason);
  });

  it("asks nobody about headers that cannot be obeyed", async () => {
    const authorizer = granting("all");
    for (const headers of [
      ["Impersonate-Group", "dev"],
      ["Impersonate-User", "jane", "Impersonate-Foo", "x"],
      ["Impersonate-User", "jane", "Impersonate-User", "eve"],
    ])
      expect(await rejectionOf(as(headers, authorizer))).to.include({
        code: "ERR_REQUEST_INVALID",
        status: 400,
      });
    expect(authorizer.asked).to.deep.equal([]);
  });
});

describe("refuseImpersonation", () => {
  it("lets a request pass that does not speak of it", async () => {
    expect(await refuseImpersonation.impersonate(requester, ["Accept", "Impersonate-User"])).to.equal(
      requester,
    );
  });

  for (const header of [
    "Impersonate-User",
    "impersonate-group",
    "Impersonate-Uid",
    "IMPERSONATE-EXTRA-X",
    "Impersonate-Foo",
  ])
    for (const value of ["x", ""])
      it(`refuses ${header}: ${JSON.stringify(value)} with 403, whoever sends it`, async () => {
        const error = await rejectionOf(
          refuseImpersonation.impersonate({ username: "root", groups: ["system:masters"] }, [header, value]),
        );
        expect(error).to.be.instanceOf(AnswerStatusError);
        expect(error).to.include({ code: "ERR_IMPERSONATION" });
        expect((error as AnswerStatusError).answer).to.include({ code: 403, reason: "Forbidden" });
      });
});
