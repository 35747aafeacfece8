import { expect } from "chai";
import fc from "fast-check";
import { AnswerStatusError } from "../../src/apis/answer-status.ts";
import type { SelfSubjectReview, UserInfo } from "../../src/apis/authentication.ts";
import {
  answerSelfSubjectReview,
  assertSelfSubjectReview,
  reviewedUser,
  type SelfSubjectReviewKind,
  selfSubjectReviewKinds,
  servedSelfSubjectReviews,
} from "../../src/authentication/self-subject-review.ts";

const [v1, v1beta1, v1alpha1, seed] = selfSubjectReviewKinds as readonly [
  SelfSubjectReviewKind,
  SelfSubjectReviewKind,
  SelfSubjectReviewKind,
  SelfSubjectReviewKind,
];
const json = "application/json";
const protobuf = "application/vnd.kubernetes.protobuf";
const group = "authentication.k8s.io";
/** What kubectl 1.32 to 1.37 sends. */
const whoami = Buffer.from(
  "azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=",
  "base64",
);
/** What kubectl 1.28 to 1.31 sends. */
const question = (kind: SelfSubjectReviewKind): string =>
  `{"kind":"${kind.kind}","apiVersion":"${kind.group}/${kind.version}","metadata":{"creationTimestamp":null},"status":{"userInfo":{}}}`;
const changed = (from: string, to: string): Buffer =>
  Buffer.from(whoami.toString("latin1").replace(from, to), "latin1");

describe("the versions of the question", () => {
  it("are those there have been, and the seed's at its singular path", () => {
    expect(selfSubjectReviewKinds).to.deep.equal([
      { group, version: "v1", kind: "SelfSubjectReview", resource: "selfsubjectreviews" },
      { group, version: "v1beta1", kind: "SelfSubjectReview", resource: "selfsubjectreviews" },
      { group, version: "v1alpha1", kind: "SelfSubjectReview", resource: "selfsubjectreviews" },
      {
        group,
        version: "v1alpha1",
        kind: "SelfSubjectAttributesReview",
        resource: "selfsubjectattributesreview",
      },
    ]);
  });

  it("are all served unless somebody says otherwise", () => {
    expect(servedSelfSubjectReviews()).to.deep.equal(selfSubjectReviewKinds);
    expect(servedSelfSubjectReviews({})).to.deep.equal(selfSubjectReviewKinds);
  });

  it("are switched off by kind, or by version", () => {
    expect(servedSelfSubjectReviews({ selfSubjectReview: false })).to.deep.equal([seed]);
    expect(servedSelfSubjectReviews({ selfSubjectAttributesReview: false })).to.deep.equal([
      v1,
      v1beta1,
      v1alpha1,
    ]);
    expect(
      servedSelfSubjectReviews({ selfSubjectReview: ["v1"], selfSubjectAttributesReview: false }),
    ).to.deep.equal([v1]);
    expect(
      servedSelfSubjectReviews({ selfSubjectReview: [], selfSubjectAttributesReview: false }),
    ).to.deep.equal([]);
  });
});

describe("assertSelfSubjectReview", () => {
  const ask = (
    body: Buffer | string,
    mediaType: string | undefined = json,
    kind: SelfSubjectReviewKind = v1,
  ): object | undefined => {
    try {
      assertSelfSubjectReview({ mediaType, body: Buffer.from(body as string) }, kind);
      return undefined;
    } catch (error) {
      if (error instanceof AnswerStatusError) return { ...error.answer, error: error.code };
      throw error;
    }
  };
  const refusal = (code: number, reason: string, message: string): object => ({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code,
    error: "ERR_REQUEST_INVALID",
  });
  const badRequest = (message: string): object => refusal(400, "BadRequest", message);

  for (const kind of selfSubjectReviewKinds)
    it(`takes a ${kind.version} ${kind.kind} in JSON`, () => {
      expect(ask(question(kind), json, kind)).to.equal(undefined);
    });

  it("takes the 83 bytes of protobuf that kubectl sends", () => {
    expect(whoami).to.have.length(83);
    expect(ask(whoami, protobuf)).to.equal(undefined);
  });

  it("takes JSON where no media type is named", () => {
    expect(ask(question(v1), undefined)).to.equal(undefined);
  });

  it("takes what does not say its kind, as upstream does", () => {
    for (const body of [
      "{}",
      "null",
      '{"kind":"SelfSubjectReview"}',
      `{"apiVersion":"${group}/v1"}`,
      '{"kind":null,"apiVersion":""}',
      '{"status":{"userInfo":{"username":3}}}',
    ])
      expect(ask(body), body).to.equal(undefined);
    // an envelope with nothing but a content type
    expect(ask(Buffer.from("6b3873002200", "hex"), protobuf)).to.equal(undefined);
  });

  const unrecognized = "the object provided is unrecognized (must be of type SelfSubjectReview): ";
  const notParsed = `${unrecognized}couldn't get version/kind; json parse error: `;
  const cannot = (kind: string, version: string): string =>
    `${kind} in version "${version}" cannot be handled as a SelfSubjectReview: `;
  // the messages are kube-apiserver 1.37's, but for the line of its source that it names
  const refused: Readonly<Record<string, readonly [body: Buffer | string, type: string, answer: object]>> = {
    "an empty body": ["", json, badRequest(`${notParsed}unexpected end of JSON input (<empty>)`)],
    "an empty body of protobuf": ["", protobuf, badRequest(`${unrecognized}empty data (<empty>)`)],
    "a list": ["[]", json, badRequest(`${notParsed}not an object (5b5d)`)],
    "a string": ['"x"', json, badRequest(`${notParsed}not an object (227822)`)],
    "a kind that is a number": [
      `{"kind":3,"apiVersion":"${group}/v1"}`,
      json,
      badRequest(`${notParsed}apiVersion and kind are strings ({"kind":3,"apiVersion":"authen ...)`),
    ],
    "another kind": [
      `{"kind":"TokenReview","apiVersion":"${group}/v1"}`,
      json,
      badRequest(
        `${cannot("TokenReview", "v1")}no kind "TokenReview" is registered for version "${group}/v1"`,
      ),
    ],
    "the seed's kind": [
      question(seed),
      json,
      badRequest(
        `${cannot("SelfSubjectAttributesReview", "v1alpha1")}converting (v1alpha1.SelfSubjectAttributesReview) to (authentication.SelfSubjectReview): unknown conversion`,
      ),
    ],
    "another version": [
      question(v1beta1),
      json,
      badRequest(
        `the API version in the data (${group}/v1beta1) does not match the expected API version (${group}/v1)`,
      ),
    ],
    "another group": [
      '{"kind":"SelfSubjectReview","apiVersion":"v1"}',
      json,
      badRequest(
        `${cannot("SelfSubjectReview", "v1")}no kind "SelfSubjectReview" is registered for version "v1"`,
      ),
    ],
    "another kind in protobuf": [
      changed("SelfSubjectReview", "SelfSubjectRecipe"),
      protobuf,
      badRequest(
        `${cannot("SelfSubjectRecipe", "v1")}no kind "SelfSubjectRecipe" is registered for version "${group}/v1"`,
      ),
    ],
    "another version in protobuf": [
      changed("io/v1", "io/v7"),
      protobuf,
      badRequest(
        `${cannot("SelfSubjectReview", "v7")}no kind "SelfSubjectReview" is registered for version "${group}/v7"`,
      ),
    ],
    "protobuf without its prefix": [
      changed("k8s", "k9s"),
      protobuf,
      badRequest(
        `${unrecognized}provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (6b3973000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f ...)`,
      ),
    ],
    "the prefix of protobuf alone": [
      whoami.subarray(0, 4),
      protobuf,
      badRequest(`${unrecognized}empty body (6b387300)`),
    ],
    "protobuf that is cut": [
      whoami.subarray(0, 60),
      protobuf,
      badRequest(
        `${unrecognized}unexpected EOF (6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f ...)`,
      ),
    ],
    "another media type": [
      question(v1),
      "text/plain",
      refusal(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json, application/vnd.kubernetes.protobuf",
      ),
    ],
  };
  for (const [what, [body, mediaType, answer]] of Object.entries(refused))
    it(`refuses ${what} in kube-apiserver's words`, () => {
      expect(ask(body, mediaType)).to.deep.equal(answer);
    });

  it("refuses what is no JSON, and shows no more than its beginning", () => {
    expect(ask(`not json${"x".repeat(1000)}`))
      .to.have.property("message")
      .that.matches(/^the object provided is unrecognized .* \(6e6f74206a736f6e[0-9a-f]{44} \.\.\.\)$/);
  });

  it("takes or refuses whatever comes, and never fails otherwise", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
          fc.json().map((text) => Buffer.from(text)),
        ),
        fc.constantFrom(json, protobuf),
        (body, mediaType) => {
          const refusal = ask(body, mediaType);
          if (refusal !== undefined) expect(refusal).to.include({ code: 400 });
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("answerSelfSubjectReview", () => {
  const now = Date.UTC(2026, 10, 21, 19, 44, 49, 999);
  const jane: UserInfo = {
    username: "jane.doe",
    uid: "b6c7cfd4-f166-11ec-8ea0-0242ac120002",
    groups: ["viewers", "editors"],
    extra: { scopes: ["b", "a"], "acme.example/provider": ["token.company.dev"] },
  };

  it("says who the user is, when, and nothing that was sent", () => {
    expect(answerSelfSubjectReview(v1, jane, now)).to.deep.equal({
      kind: "SelfSubjectReview",
      apiVersion: `${group}/v1`,
      metadata: { creationTimestamp: "2026-11-21T19:44:49Z" },
      status: { userInfo: jane },
    });
  });

  for (const kind of [v1beta1, v1alpha1])
    it(`answers in the version that was asked: ${kind.version}`, () => {
      expect(answerSelfSubjectReview(kind, jane, now)).to.include({
        kind: "SelfSubjectReview",
        apiVersion: `${group}/${kind.version}`,
      });
    });

  it("answers the seed's kind as its type and its example have it", () => {
    const { status, kind, apiVersion } = answerSelfSubjectReview(seed, jane, now);
    expect({ kind, apiVersion }).to.deep.equal({
      kind: "SelfSubjectAttributesReview",
      apiVersion: `${group}/v1alpha1`,
    });
    const { username: name, ...others } = jane;
    expect(status).to.deep.equal({ userInfo: jane, name, ...others });
  });

  it("leaves out what is empty", () => {
    const nobody: UserInfo = { username: "", uid: "", groups: [], extra: {} };
    expect(answerSelfSubjectReview(v1, nobody, now).status).to.deep.equal({ userInfo: {} });
    expect(answerSelfSubjectReview(seed, nobody, now).status).to.deep.equal({ userInfo: {} });
    expect(answerSelfSubjectReview(v1, { username: "joe" }, now).status).to.deep.equal({
      userInfo: { username: "joe" },
    });
  });

  it("is read back as it was answered", () => {
    for (const kind of selfSubjectReviewKinds)
      expect(reviewedUser(answerSelfSubjectReview(kind, jane, now))).to.deep.equal(jane);
  });

  it("writes members in the order of Go's structs, and extra by key", () => {
    const { extra = {}, groups = [], uid = "", username } = jane;
    expect(JSON.stringify(answerSelfSubjectReview(v1, { extra, groups, uid, username }, now))).to.equal(
      `{"kind":"SelfSubjectReview","apiVersion":"${group}/v1","metadata":{"creationTimestamp":"2026-11-21T19:44:49Z"},"status":{"userInfo":{"username":"jane.doe","uid":"${uid}","groups":["viewers","editors"],"extra":{"acme.example/provider":["token.company.dev"],"scopes":["b","a"]}}}}`,
    );
  });
});

describe("reviewedUser", () => {
  const read = (status: unknown) => reviewedUser({ status } as unknown as SelfSubjectReview);

  it("reads the proposal's example, whose values of extra are no lists", () => {
    expect(
      read({ name: "jane", uid: "u", groups: ["a"], extra: { provider_id: "token.company.dev" } }),
    ).to.deep.equal({
      username: "jane",
      uid: "u",
      groups: ["a"],
      extra: { provider_id: ["token.company.dev"] },
    });
  });

  it("believes userInfo before what stands beside it", () => {
    expect(read({ userInfo: { username: "jane" }, name: "other", groups: ["system:masters"] })).to.deep.equal(
      {
        username: "jane",
      },
    );
  });

  it("finds nobody in what a server must not say, and does not fail on it", () => {
    for (const status of [
      undefined,
      null,
      "jane",
      3,
      ["jane"],
      { userInfo: null },
      { userInfo: { username: 3 } },
    ])
      expect(read(status), JSON.stringify(status)).to.deep.equal({});
    expect(read({ userInfo: { username: "a", groups: "b", extra: [] } })).to.deep.equal({ username: "a" });
  });
});
