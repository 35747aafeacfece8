import { expect } from "chai";
import type { SelfSubjectReview } from "../../src/apis/authentication.ts";
import { printExplanation, printReview } from "../../src/commands/whoami-report.ts";

const metadata = { creationTimestamp: "2026-11-21T20:03:04Z" };
const typeMeta = { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1" };
const review = (userInfo: object): SelfSubjectReview => ({ ...typeMeta, metadata, status: { userInfo } });
const lines = (...text: readonly string[]): string => `${text.join("\n")}\n`;

describe("who one is, as a table", () => {
  it("has a row for every attribute, extra by key, columns three apart", () => {
    const jane = {
      extra: { "example.com/zone": ["b", "a"], "acme/project": ["one"] },
      groups: ["dev", "system:authenticated"],
      username: "jane",
      uid: "0123",
    };
    expect(printReview(review(jane), "table")).to.equal(
      lines(
        "ATTRIBUTE                 VALUE",
        "Username                  jane",
        "UID                       0123",
        "Groups                    [dev system:authenticated]",
        "Extra: acme/project       [one]",
        "Extra: example.com/zone   [b a]",
      ),
    );
  });

  it("has no row for what is empty", () => {
    const header = "ATTRIBUTE   VALUE\n";
    expect(printReview(review({ username: "joe", uid: "", groups: [], extra: {} }), "table")).to.equal(
      `${header}Username    joe\n`,
    );
    for (const empty of [review({}), {}, { status: {} }, { status: null }, { status: "jane" }])
      expect(printReview(empty as unknown as SelfSubjectReview, "table")).to.equal(header);
  });

  it("counts letters, not bytes", () => {
    expect(printReview(review({ username: "j", extra: { "größe😀": ["1"] } }), "table")).to.equal(
      lines("ATTRIBUTE       VALUE", "Username        j", "Extra: größe😀   [1]"),
    );
  });

  it("shows what would move a terminal's cursor instead of sending it there", () => {
    const table = printReview(review({ username: "a\u001b[2Jb\u009bc\nd\te" }), "table");
    expect(table).to.equal(lines("ATTRIBUTE   VALUE", "Username    a\\u001b[2Jb\\u009bc\\u000ad\\u0009e"));
  });

  it("reads the members of the proposal's example, where there is nothing else", () => {
    const example = {
      kind: "SelfSubjectAttributesReview",
      apiVersion: "authentication.k8s.io/v1alpha1",
      status: {
        name: "jane.doe",
        uid: "b6c7cfd4",
        groups: ["viewers", "editors"],
        extra: { provider_id: "token.company.dev" },
      },
    } as unknown as SelfSubjectReview;
    expect(printReview(example, "table")).to.equal(
      lines(
        "ATTRIBUTE            VALUE",
        "Username             jane.doe",
        "UID                  b6c7cfd4",
        "Groups               [viewers editors]",
        "Extra: provider_id   [token.company.dev]",
      ),
    );
  });

  it("believes userInfo where both are there", () => {
    const both = {
      ...review({ username: "jane" }),
      status: { userInfo: { username: "jane" }, name: "other" },
    };
    expect(printReview(both, "table")).to.contain("jane").and.to.not.contain("other");
  });
});

describe("who one is, as an object", () => {
  // members in another order than Kubernetes' types have them
  const shuffled: SelfSubjectReview = {
    status: { userInfo: { groups: ["null", "2026-01-01", "dev"], uid: "0123", username: "jane & <b>: x" } },
    metadata,
    apiVersion: typeMeta.apiVersion,
    kind: typeMeta.kind,
  };

  it("is kubectl's JSON, letter by letter", () => {
    expect(printReview(shuffled, "json")).to.equal(
      lines(
        "{",
        '    "kind": "SelfSubjectReview",',
        '    "apiVersion": "authentication.k8s.io/v1",',
        '    "metadata": {',
        '        "creationTimestamp": "2026-11-21T20:03:04Z"',
        "    },",
        '    "status": {',
        '        "userInfo": {',
        '            "username": "jane \\u0026 \\u003cb\\u003e: x",',
        '            "uid": "0123",',
        '            "groups": [',
        '                "null",',
        '                "2026-01-01",',
        '                "dev"',
        "            ]",
        "        }",
        "    }",
        "}",
      ),
    );
  });

  it("is kubectl's YAML, letter by letter", () => {
    expect(printReview(shuffled, "yaml")).to.equal(
      lines(
        "apiVersion: authentication.k8s.io/v1",
        "kind: SelfSubjectReview",
        "metadata:",
        '  creationTimestamp: "2026-11-21T20:03:04Z"',
        "status:",
        "  userInfo:",
        "    groups:",
        '    - "null"',
        '    - "2026-01-01"',
        "    - dev",
        '    uid: "0123"',
        "    username: 'jane & <b>: x'",
      ),
    );
  });

  it("keeps the members of the proposal's example", () => {
    const flat = { name: "jane", groups: ["dev"] };
    const userInfo = { username: "jane", groups: ["dev"] };
    const seed = { ...review(userInfo), status: { ...flat, userInfo } };
    expect(JSON.parse(printReview(seed, "json")).status).to.deep.equal({ userInfo, ...flat });
    const flatOnly = { ...review({}), status: flat };
    expect(JSON.parse(printReview(flatOnly, "json")).status).to.deep.equal(flat);
  });
});

describe("the explanation", () => {
  it("says who knew the caller and what was presented", () => {
    expect(
      printExplanation({
        authenticatedBy: "tokenReview",
        credentials: ["clientCertificate", "exec"],
        impersonated: "jane",
      }),
    ).to.equal(
      lines(
        "Authenticated by: tokenReview",
        "Presented: client certificate, token of an exec plugin",
        "Acting as: jane",
      ),
    );
  });

  it("says why it was refused, in the server's words", () => {
    const refusal = 'users "jane" is forbidden';
    const told = { authenticatedBy: undefined, credentials: [], impersonated: "jane", refusal };
    expect(printExplanation(told)).to.equal(
      lines(
        "Authenticated by: not told",
        "Presented: nothing",
        "Acting as: jane",
        'The server says: users "jane" is forbidden',
      ),
    );
  });

  it("says where nothing is told, or was presented", () => {
    expect(
      printExplanation({ authenticatedBy: undefined, credentials: [], impersonated: undefined }),
    ).to.equal(lines("Authenticated by: not told", "Presented: nothing"));
  });
});
