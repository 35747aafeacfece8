import { expect } from "chai";
import type { TokenReview } from "../../src/apis/authentication.ts";
import { UnauthenticatedToken } from "../../src/authentication/authenticator.ts";
import {
  createTokenReviewAuthenticator,
  processTokenReview,
  type TokenReviewAudiences,
} from "../../src/authentication/token-review.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { rejectionOf } from "../rejection.ts";
import { audience, configurationUid } from "./minting.ts";

const a = "https://a";
const x = "https://x";
const username = "system:serviceaccount:kube-system:webhook-auth";
const review = (status: object): unknown => ({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenReview",
  status,
});
const authenticated = (more: object = {}): unknown =>
  review({ authenticated: true, user: { username }, ...more });

function judge(answer: unknown, wanted: TokenReviewAudiences): string {
  try {
    return `ok ${processTokenReview(answer, wanted).audience ?? "-"}`;
  } catch (error) {
    if (error instanceof CountersignError) return error.code;
    throw error;
  }
}

const refused = "ERR_TOKEN_REVIEW_REFUSED";

describe("processTokenReview", () => {
  const rows: readonly (readonly [
    string,
    TokenReviewAudiences,
    readonly string[] | null | undefined,
    string,
  ])[] = [
    ["none wanted, whatever is answered", { audiences: [] }, [x], "ok -"],
    ["none wanted, none answered", { audiences: [] }, undefined, "ok -"],
    ["a wanted one among the answered", { audiences: [a] }, [a, x], `ok ${a}`],
    ["the first wanted of several answered", { audiences: [x, a] }, [a, x], `ok ${x}`],
    ["one that nobody wanted", { audiences: [a] }, [x], refused],
    ["one that is wanted, but for a slash", { audiences: [a] }, [`${a}/`], refused],
    [
      "one that nobody wanted, the wanted one implicit",
      { audiences: [a], implicitAudiences: [a] },
      [x],
      refused,
    ],
    ["none answered, the wanted one implicit", { audiences: [a], implicitAudiences: [a] }, [], `ok ${a}`],
    ["none answered, none implicit", { audiences: [a] }, [], refused],
    ["none answered, none implicit, said so", { audiences: [a], implicitAudiences: [] }, undefined, refused],
    ["none answered, another implicit", { audiences: [a], implicitAudiences: [x] }, undefined, refused],
    ["null answered, another implicit", { audiences: [a], implicitAudiences: [x] }, null, refused],
  ];
  for (const [name, wanted, audiences, expected] of rows)
    it(`audiences: ${name}: ${expected}`, () =>
      expect(judge(authenticated({ audiences }), wanted)).to.equal(expected));

  it("looks at the audiences before it looks at authenticated, as kube-apiserver does", () =>
    expect(() =>
      processTokenReview(review({ authenticated: false, audiences: [x] }), { audiences: [a] }),
    ).to.throw(/expected one of the audiences "https:\/\/a", got "https:\/\/x"/));

  const unauthenticated: Readonly<Record<string, readonly [object, RegExp]>> = {
    "not authenticated": [{ authenticated: false }, /not authenticated/],
    "nothing said": [{}, /not authenticated/],
    "not authenticated, with a user": [{ authenticated: false, user: { username } }, /not authenticated/],
    "null for everything": [{ authenticated: null, user: null, error: null }, /not authenticated/],
    "an error, cleaned for the log": [
      { authenticated: false, error: "token\u001bhas expired" },
      /says "token\\u001bhas expired"/,
    ],
  };
  for (const [name, [status, message]] of Object.entries(unauthenticated))
    it(`refuses ${name}`, () =>
      expect(() => processTokenReview(review(status), { audiences: [] }))
        .to.throw(CountersignError, message)
        .with.property("code", refused));

  const unreadable: Readonly<Record<string, unknown>> = {
    nothing: undefined,
    "a list": [],
    "no status": { kind: "TokenReview" },
    "an inherited status": Object.create({ status: { authenticated: true, user: { username } } }),
    "authenticated as a text": review({ authenticated: "true", user: { username } }),
    "authenticated as a number": review({ authenticated: 1, user: { username } }),
    "an error that is no text": review({ authenticated: false, error: ["no"] }),
    "a status that is a list": review([{ authenticated: true, user: { username } }]),
    "no user": review({ authenticated: true }),
    "a user that is a name": review({ authenticated: true, user: username }),
    "a user without a name": review({ authenticated: true, user: {} }),
    "an empty user name": review({ authenticated: true, user: { username: "" } }),
    "groups that are no list": review({ authenticated: true, user: { username, groups: "g" } }),
    "a uid that is no text": review({ authenticated: true, user: { username, uid: 1 } }),
    "extras that are no object": review({ authenticated: true, user: { username, extra: [] } }),
    "extras that are no lists": review({ authenticated: true, user: { username, extra: { k: "v" } } }),
    "audiences that are no texts": authenticated({ audiences: [1] }),
  };
  for (const [name, answer] of Object.entries(unreadable))
    it(`says the server gave no answer: ${name}`, () =>
      expect(judge(answer, { audiences: [] })).to.equal("ERR_TOKEN_REVIEW_UNAVAILABLE"));

  const kinds = {
    validating: "ValidatingWebhookConfiguration",
    mutating: "MutatingWebhookConfiguration",
  } as const;
  const boundExtra = (kind: string) => ({
    [`authentication.kubernetes.io/${kind}webhookconfiguration-name`]: ["countersign"],
    [`authentication.kubernetes.io/${kind}webhookconfiguration-uid`]: [configurationUid],
  });
  const attestation = { "attestation.authentication.kubernetes.io/admissionReviewAPIGroups": ["apps"] };
  const withExtra = (extra: object): unknown =>
    authenticated({ user: { username, extra }, audiences: [audience] });

  for (const [kind, configuration] of Object.entries(kinds))
    it(`makes the caller that offline verification makes: bound to a ${configuration}`, () => {
      const extra = { ...boundExtra(kind), ...attestation };
      expect(processTokenReview(withExtra(extra), { audiences: [audience] })).to.deep.equal({
        method: "tokenReview",
        user: { username, groups: [], extra },
        audience,
        attestedAPIGroup: "apps",
        boundConfiguration: { kind: configuration, name: "countersign", uid: configurationUid },
      });
    });

  const contradictory: Readonly<Record<string, object>> = {
    "bound to both kinds": { ...boundExtra("validating"), ...boundExtra("mutating"), ...attestation },
    "a name without uid": { "authentication.kubernetes.io/validatingwebhookconfiguration-name": ["a"] },
    "two names": {
      ...boundExtra("validating"),
      "authentication.kubernetes.io/validatingwebhookconfiguration-name": ["a", "b"],
    },
    "two groups": { "attestation.authentication.kubernetes.io/admissionReviewAPIGroups": ["apps", "*"] },
    "no group": { "attestation.authentication.kubernetes.io/admissionReviewAPIGroups": [] },
  };
  for (const [name, extra] of Object.entries(contradictory))
    it(`refuses a user who is ${name}`, () =>
      expect(judge(withExtra(extra), { audiences: [audience] })).to.equal(refused));

  it("keeps extras under any name, and takes none from a prototype", () => {
    const extra = JSON.parse('{"__proto__": ["x"], "k": ["v"]}');
    const caller = processTokenReview(withExtra(extra), { audiences: [audience] });
    expect(Object.keys(caller.user.extra!)).to.deep.equal(["__proto__", "k"]);
    expect(caller).not.to.have.property("attestedAPIGroup");
  });
});

describe("createTokenReviewAuthenticator", () => {
  const secret = new Secret("header.payload.signature");
  const asked: TokenReview[] = [];
  const clientSaying = (answer: unknown) => ({
    async createTokenReview(sent: TokenReview, { signal }: { readonly signal: AbortSignal }) {
      expect(signal.aborted).to.equal(false);
      asked.push(sent);
      return answer as TokenReview;
    },
  });
  beforeEach(() => asked.splice(0));

  it("sends the token and the wanted audiences, and processes the answer", async () => {
    const client = clientSaying(authenticated({ audiences: [a] }));
    const caller = await createTokenReviewAuthenticator({ client, audiences: [a, x] }).authenticateToken(
      secret,
    );
    expect(caller).to.deep.include({ method: "tokenReview", audience: a });
    expect(asked).to.deep.equal([
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token: secret.reveal(), audiences: [a, x] },
      },
    ]);
  });

  it("sends no audiences where none are wanted: an empty list would mean the same to a reader only", async () => {
    await createTokenReviewAuthenticator({
      client: clientSaying(authenticated()),
      audiences: [],
    }).authenticateToken(secret);
    expect(asked[0]!.spec).to.deep.equal({ token: secret.reveal() });
  });

  it("says the server is away where it cannot be asked, and keeps the cause", async () => {
    const cause = new Error("connect ECONNREFUSED");
    const client = { createTokenReview: () => Promise.reject(cause) };
    const authenticator = createTokenReviewAuthenticator({ client, audiences: [a] });
    const error = await rejectionOf(Promise.resolve(authenticator.authenticateToken(secret)));
    expect([error.code, error.cause]).to.deep.equal(["ERR_TOKEN_REVIEW_UNAVAILABLE", cause]);
  });

  it("tells its client to give up after its time", async () => {
    const client = {
      createTokenReview: (_: TokenReview, { signal }: { readonly signal: AbortSignal }) =>
        new Promise<TokenReview>((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    };
    const authenticator = createTokenReviewAuthenticator({ client, audiences: [a], timeoutMs: 5 });
    const error = await rejectionOf(Promise.resolve(authenticator.authenticateToken(secret)));
    expect(error.code).to.equal("ERR_TOKEN_REVIEW_UNAVAILABLE");
  });

  it("lets go of a client that never answers and does not heed its signal: others wait for the same token", async () => {
    const client = { createTokenReview: () => new Promise<TokenReview>(() => undefined) };
    const authenticator = createTokenReviewAuthenticator({ client, audiences: [a], timeoutMs: 5 });
    const error = await rejectionOf(Promise.resolve(authenticator.authenticateToken(secret)));
    expect(error.code).to.equal("ERR_TOKEN_REVIEW_UNAVAILABLE");
    expect(error.cause).to.have.property("name", "TimeoutError");
  });

  it("says of a token that is nobody's that it may be remembered, of an error never", async () => {
    const refusalOf = (status: object, audiences: readonly string[] = []) =>
      rejectionOf(
        Promise.resolve(
          createTokenReviewAuthenticator({
            client: clientSaying(review(status)),
            audiences,
          }).authenticateToken(secret),
        ),
      );
    for (const plain of [
      await refusalOf({ authenticated: false }),
      await refusalOf({}),
      await refusalOf({ authenticated: true, user: { username }, audiences: [x] }, [a]),
      // audiences come first, whatever the error says (plugin/pkg/authenticator/token/webhook)
      await refusalOf({ authenticated: false, error: "invalid bearer token" }, [a]),
    ])
      expect(plain).to.be.instanceOf(UnauthenticatedToken).and.include({ code: refused });
    for (const error of [
      await refusalOf({ authenticated: false, error: "invalid bearer token" }),
      await refusalOf({ authenticated: false, error: "lookup failed", audiences: [a] }, [a]),
      await refusalOf({ authenticated: "true" }),
    ])
      expect(error).not.to.be.instanceOf(UnauthenticatedToken);
  });
});
