import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import type { TokenReview } from "../../src/apis/authentication.ts";
import type { Caller, PresentedCredentials } from "../../src/authentication/authenticator.ts";
import { createDelegatingAuthenticator, tokenReviewLifetimes } from "../../src/authentication/delegating.ts";
import type { RequestHeaderConfiguration } from "../../src/authentication/request-header.ts";
import { CountersignError } from "../../src/errors.ts";
import { type HeldDeadlines, holdDeadlines } from "../held-deadlines.ts";
import { rootCertificate, type TestCertificate } from "./certificates.ts";
import { noon, stoppedClock } from "./minting.ts";
import { outcomeOf } from "./outcome.ts";

const clientRoot = rootCertificate({ commonNames: ["client-ca"] });
const proxyRoot = rootCertificate({ commonNames: ["front-proxy-ca"] });
const clientCA = [clientRoot.certificate];
const requestHeader: RequestHeaderConfiguration = {
  ca: [proxyRoot.certificate],
  allowedNames: ["front-proxy-client"],
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: [],
  groupHeaders: ["X-Remote-Group"],
  extraHeaderPrefixes: ["X-Remote-Extra-"],
};
const jane = clientRoot.issue({ commonNames: ["jane"], organizations: ["team"] });
const nameless = clientRoot.issue({ commonNames: [""] });
const foreign = rootCertificate().issue({ commonNames: ["jane"] });
const proxy = proxyRoot.issue({ commonNames: ["front-proxy-client"] });

let asked: string[];
const client = {
  async createTokenReview(review: TokenReview): Promise<TokenReview> {
    asked.push(review.spec.token);
    const known = review.spec.token === "good";
    const user = { username: "token-user", groups: ["t"] };
    return { ...review, status: known ? { authenticated: true, user } : { authenticated: false } };
  },
};

const sent = (certificate: TestCertificate | undefined, ...rawHeaders: string[]): PresentedCredentials => ({
  authorization: rawHeaders.filter((_, index) => rawHeaders[index - 1] === "Authorization"),
  rawHeaders,
  ...(certificate && { clientCertificate: { raw: certificate.raw, chain: [] } }),
});

const all = (anonymous = true) =>
  createDelegatingAuthenticator({
    requestHeader: () => requestHeader,
    clientCA: () => clientCA,
    tokenReview: { client },
    anonymous,
    clock: stoppedClock(),
  });

describe("createDelegatingAuthenticator", () => {
  let deadlines: HeldDeadlines | undefined;
  afterEach(() => deadlines?.release());
  beforeEach(() => {
    asked = [];
  });
  const userOf = async (
    certificate: TestCertificate | undefined,
    rawHeaders: readonly string[],
    anonymous?: boolean,
  ): Promise<string> => {
    const outcome = await outcomeOf(() =>
      all(anonymous).authenticateRequest(sent(certificate, ...rawHeaders)),
    );
    return outcome instanceof CountersignError ? String(outcome.status) : (outcome as Caller).user.username;
  };

  // the rows of kubernetes/apiserver's chain: client CA, front proxy, token, anonymous on
  const good = ["Authorization", "Bearer good"];
  const bad = ["Authorization", "Bearer bad"];
  const asEve = ["X-Remote-User", "eve", "X-Remote-Group", "system:masters"];
  const rows: readonly (readonly [string, TestCertificate | undefined, readonly string[], string])[] = [
    ["nothing", undefined, [], "system:anonymous"],
    ["a good token", undefined, good, "token-user"],
    ["a bad token", undefined, bad, "401"],
    ["a good certificate", jane, [], "jane"],
    ["a certificate of an unknown CA", foreign, [], "401"],
    ["a certificate of an unknown CA and a good token", foreign, good, "token-user"],
    ["a good certificate and a bad token", jane, bad, "jane"],
    ["Basic", undefined, ["Authorization", "Basic eA=="], "system:anonymous"],
    ["Bearer and nothing", undefined, ["Authorization", "Bearer"], "system:anonymous"],
    ["Bearer and two spaces", undefined, ["Authorization", "Bearer  good"], "system:anonymous"],
    ["a token and a third word", undefined, ["Authorization", "bearer good extra"], "token-user"],
    ["a certificate without a common name, which is another's CA to the proxy", nameless, [], "401"],
    ["the proxy and its user", proxy, asEve, "eve"],
    ["the proxy without a user: its CA is not the client CA", proxy, [], "401"],
    ["headers of a proxy without any certificate", undefined, asEve, "system:anonymous"],
    ["headers of a proxy beside a user's certificate", jane, asEve, "jane"],
    ["headers of a proxy beside a good token", undefined, [...asEve, ...good], "token-user"],
    ["headers of a proxy beside a foreign certificate", foreign, asEve, "401"],
  ];
  for (const [what, certificate, headers, user] of rows)
    it(`${what}: ${user}`, async () => {
      expect(await userOf(certificate, headers)).to.equal(user);
    });

  it("with a good certificate no token is looked at", async () => {
    await userOf(jane, bad);
    expect(asked).to.deep.equal([]);
  });

  it("anonymous is off unless it is asked for: nothing is 401", async () => {
    expect(await userOf(undefined, [], false)).to.equal("401");
    expect(await userOf(undefined, ["Authorization", "Basic eA=="], false)).to.equal("401");
    const byDefault = createDelegatingAuthenticator({ clientCA: () => clientCA });
    expect(await outcomeOf(() => byDefault.authenticateRequest(sent(undefined)))).to.include({
      code: "ERR_CREDENTIALS_MISSING",
    });
  });

  it("adds system:authenticated to everybody known, and once", async () => {
    const groupsOf = async (certificate: TestCertificate | undefined, ...headers: string[]) =>
      ((await outcomeOf(() => all().authenticateRequest(sent(certificate, ...headers)))) as Caller).user
        .groups;
    expect(await groupsOf(jane)).to.deep.equal(["team", "system:authenticated"]);
    expect(await groupsOf(undefined, ...good)).to.deep.equal(["t", "system:authenticated"]);
    expect(await groupsOf(proxy, "X-Remote-User", "eve", "X-Remote-Group", "a")).to.deep.equal([
      "a",
      "system:authenticated",
    ]);
    expect(
      await groupsOf(proxy, "X-Remote-User", "eve", "X-Remote-Group", "system:authenticated"),
    ).to.deep.equal(["system:authenticated"]);
  });

  it("somebody whom the proxy found to be nobody stays nobody", async () => {
    for (const username of ["system:anonymous", "x"]) {
      const headers = ["X-Remote-User", username, "X-Remote-Group", "system:unauthenticated"];
      const caller = (await outcomeOf(() => all().authenticateRequest(sent(proxy, ...headers)))) as Caller;
      expect(caller.user.groups).to.deep.equal(["system:unauthenticated"]);
    }
  });

  it("impersonation is refused (403) for everybody known, and says nothing to who is not", async () => {
    for (const name of ["Impersonate-User", "impersonate-group", "Impersonate-Extra-X", "Impersonate-Foo"])
      for (const certificate of [jane, undefined])
        expect(await userOf(certificate, [name, "x"])).to.equal("403");
    expect(await userOf(undefined, ["Impersonate-User", "x"], false)).to.equal("401");
    expect(await userOf(jane, ["X", "Impersonate-User"])).to.equal("jane");
  });

  it("impersonation is let pass only where whoever asks says that it is handled", async () => {
    const sentBy = sent(jane, "Impersonate-User", "eve");
    const { user } = await all().authenticateRequest(sentBy, { impersonation: "handled" });
    expect(user.username).to.equal("jane");
    for (const options of [{}, { impersonation: "refused" }] as const)
      expect(await outcomeOf(() => all().authenticateRequest(sentBy, options))).to.include({
        code: "ERR_IMPERSONATION",
      });
  });

  it("a token that is nobody's is refused for as long without asking again, an error never", async () => {
    let now = noon * 1000;
    const clock = { ...stoppedClock(), now: () => now };
    const answers: TokenReview["status"][] = [];
    const counting = {
      async createTokenReview(review: TokenReview) {
        asked.push(review.spec.token);
        const status = answers.shift();
        if (status === undefined) throw new CountersignError("ERR_TRANSPORT", "away");
        return { ...review, status };
      },
    };
    const authenticator = createDelegatingAuthenticator({ tokenReview: { client: counting }, clock });
    const ask = () => outcomeOf(() => authenticator.authenticateRequest(sent(undefined, ...bad)));
    const refused = { code: "ERR_TOKEN_REVIEW_REFUSED" };
    answers.push({ authenticated: false, error: "token lookup failed" });
    expect(await ask()).to.include(refused);
    expect(await ask()).to.include({ code: "ERR_TOKEN_REVIEW_UNAVAILABLE" });
    answers.push({ authenticated: false });
    expect(await ask()).to.include(refused);
    expect(asked).to.have.length(3);
    now += 9_999;
    expect(await ask()).to.include(refused);
    expect(asked).to.have.length(3);
    now += 1;
    expect(await ask()).to.include({ code: "ERR_TOKEN_REVIEW_UNAVAILABLE" });
  });

  it("believes and refuses for as long as a kubelet or an aggregated server, by name", async () => {
    expect(tokenReviewLifetimes).to.deep.equal({
      kubelet: { cacheTTLMs: 120_000, failureCacheTTLMs: 120_000 },
      aggregated: { cacheTTLMs: 10_000, failureCacheTTLMs: 10_000 },
    });
    let now = noon * 1000;
    const clock = { ...stoppedClock(), now: () => now };
    const tokenReview = { client, ...tokenReviewLifetimes.kubelet };
    const authenticator = createDelegatingAuthenticator({ tokenReview, clock });
    const ask = (headers: readonly string[]) =>
      outcomeOf(() => authenticator.authenticateRequest(sent(undefined, ...headers)));
    for (const [afterMs, reviews] of [
      [0, 2],
      [119_999, 2],
      [1, 4],
    ] as const) {
      now += afterMs;
      await ask(good);
      await ask(bad);
      expect(asked).to.have.length(reviews);
    }
  });

  it("a token's answer is believed for ten seconds", async () => {
    let now = noon * 1000;
    const clock = { ...stoppedClock(), now: () => now };
    const authenticator = createDelegatingAuthenticator({ tokenReview: { client }, clock });
    const ask = () => authenticator.authenticateRequest(sent(undefined, ...good));
    await ask();
    now += 9_999;
    await ask();
    expect(asked).to.have.length(1);
    now += 1;
    await ask();
    expect(asked).to.have.length(2);
  });

  it("a token that was known is forgotten apart from those that were not", async () => {
    const tokenReview = { client, cacheTTLMs: 0, failureCacheTTLMs: 1_000 };
    const authenticator = createDelegatingAuthenticator({ tokenReview, clock: stoppedClock() });
    for (let call = 0; call < 3; call++) {
      await authenticator.authenticateRequest(sent(undefined, ...good));
      await outcomeOf(() => authenticator.authenticateRequest(sent(undefined, ...bad)));
    }
    expect(asked).to.deep.equal(["good", "bad", "good", "good"]);
  });

  it("with a life of 0 it is not believed at all", async () => {
    const authenticator = createDelegatingAuthenticator({ tokenReview: { client, cacheTTLMs: 0 } });
    for (let call = 0; call < 3; call++) await authenticator.authenticateRequest(sent(undefined, ...good));
    expect(asked).to.have.length(3);
  });

  it("a token that cannot be reviewed is refused, not anonymous", async () => {
    const away = {
      createTokenReview: () => Promise.reject(new CountersignError("ERR_TRANSPORT", "away")),
    };
    const authenticator = createDelegatingAuthenticator({ tokenReview: { client: away }, anonymous: true });
    const outcome = await outcomeOf(() => authenticator.authenticateRequest(sent(undefined, ...good)));
    expect(outcome).to.include({ code: "ERR_TOKEN_REVIEW_UNAVAILABLE", status: 401 });
  });

  it("a review that does not come is waited for ten seconds where nothing else is said", async () => {
    deadlines = holdDeadlines();
    let outcome: unknown;
    const hanging = { createTokenReview: () => new Promise<TokenReview>(() => undefined) };
    const authenticator = createDelegatingAuthenticator({ tokenReview: { client: hanging } });
    void outcomeOf(() => authenticator.authenticateRequest(sent(undefined, ...good))).then((found) => {
      outcome = found;
    });
    deadlines.advance(9_999);
    await nextTurn();
    expect(outcome).to.equal(undefined);
    deadlines.advance(1);
    await nextTurn();
    expect(outcome).to.include({ code: "ERR_TOKEN_REVIEW_UNAVAILABLE" });
  });

  it("cannot be made where nobody could ever be accepted", () => {
    expect(() => createDelegatingAuthenticator({})).to.throw(CountersignError, /accepts nobody/);
    expect(() => createDelegatingAuthenticator({ anonymous: false })).to.throw(/accepts nobody/);
    expect(() => createDelegatingAuthenticator({ anonymous: { enabled: false } })).to.throw(/accepts nobody/);
    expect(() =>
      createDelegatingAuthenticator({ anonymous: { enabled: false, conditions: [{ path: "/healthz" }] } }),
    ).to.throw(/enabled should be set to true when conditions are defined/);
  });

  it("hands on no credential, by standard names and by those that are configured now", () => {
    const renamed = { ...requestHeader, usernameHeaders: ["X-Login"] };
    const authenticator = createDelegatingAuthenticator({ requestHeader: () => renamed });
    expect(
      authenticator.withoutCredentials([...good, ...asEve, "X-Login", "x", "Accept", "text/html"]),
    ).to.deep.equal(["Accept", "text/html"]);
  });
});
