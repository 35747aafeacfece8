import { expect } from "chai";
import { AnswerStatusError } from "../../src/apis/answer-status.ts";
import {
  impersonationRequest,
  isImpersonation,
  mentionsImpersonation,
} from "../../src/authorization/impersonation-headers.ts";

const named = (...more: string[]): string[] => ["Impersonate-User", "jane", ...more];
/** What a client in Go writes as UTF-8, as node reads it. */
const asNodeReads = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

function refusal(...rawHeaders: string[]): string {
  try {
    const request = impersonationRequest(rawHeaders);
    return expect.fail(`it was taken: ${JSON.stringify(request)}`);
  } catch (error) {
    if (!(error instanceof AnswerStatusError)) throw error;
    expect(error.code).to.equal("ERR_REQUEST_INVALID");
    expect(error.answer).to.deep.include({ code: 400, reason: "BadRequest", status: "Failure" });
    return error.message;
  }
}

describe("impersonationRequest", () => {
  it("asks for nothing without its headers", () => {
    for (const headers of [[], ["Accept", "Impersonate-User"], ["X-Impersonate-User", "a"]])
      expect(impersonationRequest(headers)).to.equal(undefined);
  });

  it("reads user, uid, groups and extra, whatever the case of their names", () => {
    const request = impersonationRequest([
      ...["impersonate-USER", "jane", "Accept", "x", "Impersonate-Group", "dev", "IMPERSONATE-GROUP", "ops"],
      ...["Impersonate-Uid", "u1", "Impersonate-Extra-Scope", "a", "impersonate-extra-scope", "b"],
    ]);
    expect(request).to.deep.equal({
      username: "jane",
      uid: "u1",
      groups: ["dev", "ops"],
      extra: new Map([["scope", ["a", "b"]]]),
    });
  });

  it("never splits a value at commas: each header is one", () => {
    expect(impersonationRequest(named("Impersonate-Group", "a,b"))!.groups).to.deep.equal(["a,b"]);
  });

  it("takes an empty group and an empty uid for what they are: one is asked about, the other is none", () => {
    expect(impersonationRequest(named("Impersonate-Group", "", "Impersonate-Uid", ""))).to.deep.include({
      groups: [""],
      uid: "",
    });
  });

  for (const [header, key] of [
    ["Impersonate-Extra-Example.com%2Fscope", "example.com/scope"],
    ["Impersonate-Extra-example.com%2fScope", "example.com/scope"],
    // lower case comes before the escapes are read, as upstream has it
    ["Impersonate-Extra-%41", "A"],
    ["Impersonate-Extra-%e0%a4%a", "%e0%a4%a"],
    ["Impersonate-Extra-%FF", "%ff"],
    ["Impersonate-Extra-100%", "100%"],
    ["Impersonate-Extra-%C3%A9", "é"],
    ["Impersonate-Extra-__proto__", "__proto__"],
    ["Impersonate-Extra-", ""],
  ] as const)
    it(`reads ${header} as the key ${JSON.stringify(key)}`, () => {
      expect([...impersonationRequest(named(header, "v"))!.extra]).to.deep.equal([[key, ["v"]]]);
    });

  it("reads values as the UTF-8 that was sent", () => {
    const text = "Zoë 中";
    const request = impersonationRequest([
      ...["Impersonate-User", asNodeReads(text), "Impersonate-Group", asNodeReads(text)],
      ...["Impersonate-Uid", asNodeReads(text), "Impersonate-Extra-K", asNodeReads(text)],
    ]);
    expect(request).to.deep.equal({
      username: text,
      uid: text,
      groups: [text],
      extra: new Map([["k", [text]]]),
    });
  });

  for (const [what, headers, written] of [
    [
      "groups alone",
      ["Impersonate-Group", "dev", "Impersonate-Group", 'o"ps'],
      'Name:"", UID:"", Groups:[]string{"dev", "o\\"ps"}, Extra:map[string][]string(nil)',
    ],
    [
      "a uid alone",
      ["Impersonate-Uid", "u1"],
      'Name:"", UID:"u1", Groups:[]string(nil), Extra:map[string][]string(nil)',
    ],
    [
      "extra alone",
      ["Impersonate-Extra-B", "2", "Impersonate-Extra-A", "1", "Impersonate-Extra-B", "3"],
      'Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"1"}, "b":[]string{"2", "3"}}',
    ],
    [
      "an empty user, which upstream passes over where nothing else is asked for",
      ["Impersonate-User", ""],
      'Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string(nil)',
    ],
  ] as const)
    it(`refuses ${what} in upstream's words: nobody is named`, () => {
      expect(refusal(...headers)).to.equal(
        `requested &user.DefaultInfo{${written}} without impersonating a user name`,
      );
    });

  it("refuses what upstream would pass over: a second user or uid, and a header it does not know", () => {
    expect(refusal(...named("Impersonate-User", "eve"))).to.equal(
      "requested impersonate-user more than once",
    );
    expect(refusal(...named("Impersonate-Uid", "1", "impersonate-uid", "2"))).to.contain(
      "impersonate-uid more than once",
    );
    expect(refusal(...named("Impersonate-Groups", "x"))).to.contain("impersonate-groups is not known");
    expect(refusal("Impersonate-Everybody", "x")).to.contain("not known");
    expect(refusal(...named("Impersonate-Extra", "x"))).to.contain("not known");
  });

  it("reads a flood of headers in one pass", () => {
    const flood = Array.from({ length: 100_000 }, (_, index) =>
      index % 2 === 0 ? "Impersonate-Extra-K" : String(index),
    );
    expect(impersonationRequest(named(...flood))!.extra.get("k")).to.have.length(50_000);
  });
});

describe("isImpersonation and mentionsImpersonation", () => {
  it("know every header that speaks of it, known here or not", () => {
    for (const name of ["Impersonate-User", "IMPERSONATE-x", "impersonate-extra-a", "Impersonate-"])
      expect([isImpersonation(name), mentionsImpersonation(["A", "b", name, ""])]).to.deep.equal([
        true,
        true,
      ]);
    for (const name of ["Impersonat-User", "X-Impersonate-User", "Impersonate", ""])
      expect(isImpersonation(name)).to.equal(false);
  });

  it("look at names, not at values", () =>
    expect(mentionsImpersonation(["Accept", "Impersonate-User"])).to.equal(false));
});
