import { expect } from "chai";
import type { ApiAnswer, ApiClient } from "../rig/api-client.ts";
import {
  createServiceAccount,
  expectFailure,
  grant,
  type IssuedToken,
  object,
  paths,
  requestToken,
} from "./objects.ts";
import type { Contract } from "./target.ts";

const path = `${paths.authentication}/selfsubjectreviews`;
const group = "authentication.k8s.io";

interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
}

/** As whom a request is made: k8s.io/apiserver pkg/endpoints/filters/impersonation. */
export function describeImpersonation(contract: Contract): void {
  const { check, admin } = contract;
  /** Node sends a list as several headers, which the client's types do not know. */
  const headersOf = (headers: Readonly<Record<string, string | readonly string[]>>) =>
    headers as Readonly<Record<string, string>>;
  const send = (
    client: ApiClient,
    headers: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<ApiAnswer> =>
    client.request("POST", path, {
      // as bytes: node writes headers together with a text as UTF-8, and those of a test are bytes already
      body: Buffer.from(JSON.stringify({ kind: "SelfSubjectReview", apiVersion: `${group}/v1` })),
      headers: headersOf({ "content-type": "application/json", ...headers }),
    });
  const as = async (headers: Readonly<Record<string, string | readonly string[]>>): Promise<UserInfo> =>
    object<{ status: { userInfo: UserInfo } }>(await send(admin(), headers)).status.userInfo;

  describe("impersonation", () => {
    for (const [what, headers, written] of [
      [
        "of groups alone",
        { "Impersonate-Group": ["dev", 'o"ps'] },
        'Name:"", UID:"", Groups:[]string{"dev", "o\\"ps"}, Extra:map[string][]string(nil)',
      ],
      [
        "of a uid alone",
        { "Impersonate-Uid": "u1" },
        'Name:"", UID:"u1", Groups:[]string(nil), Extra:map[string][]string(nil)',
      ],
      [
        "of extra alone",
        { "Impersonate-Extra-B": ["2", "3"], "Impersonate-Extra-A%2fc": "1" },
        'Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a/c":[]string{"1"}, "b":[]string{"2", "3"}}',
      ],
      [
        "of groups and an empty user",
        { "Impersonate-User": "", "Impersonate-Group": "dev" },
        'Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)',
      ],
    ] as const)
      check(`${what} is a bad request: it names nobody`, async () => {
        expectFailure(await send(admin(), headers), {
          code: 400,
          reason: "BadRequest",
          message: `requested &user.DefaultInfo{${written}} without impersonating a user name`,
        });
      });

    check("gives several groups and values of extra, none split at commas, keys decoded", async () => {
      const user = await as({
        "Impersonate-User": "jane",
        "Impersonate-Group": ["dev", "a,b"],
        "Impersonate-Extra-Acme.example%2FScope": ["view", "x,y"],
        "Impersonate-Extra-100%": "raw",
      });
      expect(user).to.deep.equal({
        username: "jane",
        groups: ["dev", "a,b", "system:authenticated"],
        extra: { "acme.example/scope": ["view", "x,y"], "100%": ["raw"] },
      });
    });

    check("reads what is sent as UTF-8", async () => {
      const name = "Zoë 中";
      const sent = Buffer.from(name, "utf8").toString("latin1");
      expect(await as({ "Impersonate-User": sent })).to.include({ username: name });
    });

    for (const [username, groups] of [
      [
        "system:serviceaccount:ns:sa",
        ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
      ],
      [
        "system:serviceaccount:ns:a.b",
        ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
      ],
      ["system:serviceaccount:n.s:sa", ["system:authenticated"]],
      ["system:serviceaccount:Ns:sa", ["system:authenticated"]],
      ["system:serviceaccount:ns:sa:x", ["system:authenticated"]],
      ["system:serviceaccount:ns:", ["system:authenticated"]],
    ] as const)
      check(`puts ${username} into ${groups.join(", ")}`, async () => {
        expect((await as({ "Impersonate-User": username })).groups).to.deep.equal(groups);
      });

    for (const [username, asked, groups] of [
      ["jane", ["system:authenticated"], ["system:authenticated"]],
      ["jane", ["dev", "system:authenticated"], ["dev", "system:authenticated"]],
      ["system:serviceaccount:ns:sa", ["dev"], ["dev", "system:authenticated"]],
      ["system:anonymous", ["system:authenticated"], ["system:authenticated", "system:unauthenticated"]],
      ["jane", ["system:unauthenticated", "system:masters"], ["system:unauthenticated", "system:masters"]],
    ] as const)
      check(`puts ${username} who asks for ${asked.join(", ")} into ${groups.join(", ")}`, async () => {
        expect((await as({ "Impersonate-User": username, "Impersonate-Group": asked })).groups).to.deep.equal(
          groups,
        );
      });

    check("needs each part granted by its own", async () => {
      const account = await createServiceAccount(contract);
      const rules = [
        { apiGroups: [""], resources: ["users"], resourceNames: ["alice"], verbs: ["impersonate"] },
        { apiGroups: [""], resources: ["groups"], resourceNames: ["dev", "ops"], verbs: ["impersonate"] },
        { apiGroups: [group], resources: ["uids"], resourceNames: ["u1"], verbs: ["impersonate"] },
        {
          apiGroups: [group],
          resources: ["userextras/acme.example/scope"],
          resourceNames: ["view"],
          verbs: ["impersonate"],
        },
      ];
      await grant(contract, account, rules, { verb: "impersonate", resource: "users", name: "alice" });
      const client = admin().as(object<IssuedToken>(await requestToken(contract, account, {})).status.token);
      const granted = {
        "Impersonate-User": "alice",
        "Impersonate-Group": ["dev", "ops"],
        "Impersonate-Uid": "u1",
        "Impersonate-Extra-Acme.example%2Fscope": "view",
      };
      expect((await send(client, granted)).status).to.equal(201);
      for (const other of [
        { "Impersonate-User": "bob" },
        { "Impersonate-User": "system:serviceaccount:ns:alice" },
        { "Impersonate-Group": ["dev", "root"] },
        { "Impersonate-Group": ["root", "dev"] },
        { "Impersonate-Group": "" },
        { "Impersonate-Uid": "u2" },
        { "Impersonate-Extra-Acme.example%2Fscope": ["view", "edit"] },
        { "Impersonate-Extra-Acme.example": "view" },
        { "Impersonate-Extra-Other": "view" },
      ]) {
        const answer = await send(client, { ...granted, ...other });
        expect(answer.body, JSON.stringify(other)).to.containSubset({
          kind: "Status",
          code: 403,
          reason: "Forbidden",
        });
        expect((answer.body as { message: string }).message).to.contain(
          `User "${account.username}" cannot impersonate`,
        );
      }
      client.close();
    });
  });
}
