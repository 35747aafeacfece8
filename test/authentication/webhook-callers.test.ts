import { expect } from "chai";
import type { TokenReview } from "../../src/apis/authentication.ts";
import type { PresentedCredentials } from "../../src/authentication/authenticator.ts";
import {
  createWebhookCallerAuthenticator,
  explainToken,
  type WebhookCallerOptions,
} from "../../src/authentication/webhook-callers.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { rootCertificate } from "./certificates.ts";
import {
  audience,
  boundClaims,
  clusterIssuer,
  clusterKey,
  configurationUid,
  forgerKey,
  issuerOf,
  jwksOf,
  mint,
  noon,
  otherAudience,
  plainClaims,
  signingKey,
  stoppedClock,
} from "./minting.ts";
import { outcomeOf, verdictOf } from "./outcome.ts";

const root = rootCertificate();
const clock = stoppedClock();
const webhookAuth = { namespace: "kube-system", name: "webhook-auth" };
const webhookTokens = { kinds: ["ValidatingWebhookConfiguration"] } as const;
const clientCertificates = { names: ["kube-apiserver"], ca: () => [root.certificate] };
const base = (): WebhookCallerOptions => ({ audiences: [audience], issuers: [issuerOf()], clock });

const bearer = (token: string): readonly string[] => [`Bearer ${token}`];
const certificate = (commonName = "kube-apiserver", by = root) => ({
  raw: by.issue({ commonNames: [commonName] }).raw,
  chain: [],
});

const boundToken = mint();
const plainToken = mint({ claims: plainClaims() });
const forgedToken = mint({ key: forgerKey });

describe("createWebhookCallerAuthenticator", () => {
  describe("cannot be made", () => {
    const rows: Readonly<Record<string, WebhookCallerOptions>> = {
      "to accept nobody": base(),
      "without an audience": { ...base(), audiences: [], webhookTokens },
      "with an empty audience": { ...base(), audiences: [audience, ""], webhookTokens },
      "to verify tokens of nobody": { ...base(), issuers: [], webhookTokens },
      "to take certificates of any name": {
        ...base(),
        clientCertificates: { ...clientCertificates, names: [] },
      },
    };
    for (const [name, options] of Object.entries(rows))
      it(name, () =>
        expect(() => createWebhookCallerAuthenticator(options))
          .to.throw(CountersignError)
          .with.property("code", "ERR_CONFIGURATION"),
      );
  });

  describe("what is presented must be accepted", () => {
    const tokens = { webhookTokens, serviceAccounts: [webhookAuth] };
    const both = { ...tokens, clientCertificates };
    const good = certificate();
    const unnamed = certificate("kubelet");
    const foreign = certificate("kube-apiserver", rootCertificate());
    const rows: readonly (readonly [string, Partial<WebhookCallerOptions>, PresentedCredentials, string])[] =
      [
        ["nothing", both, { authorization: [] }, "ERR_CREDENTIALS_MISSING"],
        [
          "nothing, of certificates only",
          { clientCertificates },
          { authorization: [] },
          "ERR_CREDENTIALS_MISSING",
        ],
        ["a bound token", tokens, { authorization: bearer(boundToken) }, "webhookToken"],
        ["a plain token", tokens, { authorization: bearer(plainToken) }, "serviceAccountToken"],
        ["a certificate", both, { authorization: [], clientCertificate: good }, "clientCertificate"],
        [
          "both good: the token's",
          both,
          { authorization: bearer(boundToken), clientCertificate: good },
          "webhookToken",
        ],
        [
          "a bad token beside a good certificate",
          both,
          { authorization: bearer(forgedToken), clientCertificate: good },
          "ERR_TOKEN_SIGNATURE",
        ],
        [
          "Basic beside a good certificate",
          both,
          { authorization: ["Basic YTpi"], clientCertificate: good },
          "ERR_AUTHORIZATION_MALFORMED",
        ],
        [
          "an empty Authorization beside a good certificate",
          both,
          { authorization: [""], clientCertificate: good },
          "ERR_AUTHORIZATION_MALFORMED",
        ],
        [
          "two tokens beside a good certificate",
          both,
          { authorization: [...bearer(boundToken), ...bearer(boundToken)], clientCertificate: good },
          "ERR_AUTHORIZATION_DUPLICATE",
        ],
        [
          "a foreign certificate beside a good token",
          both,
          { authorization: bearer(boundToken), clientCertificate: foreign },
          "ERR_CERTIFICATE_UNTRUSTED",
        ],
        [
          "an unnamed certificate beside a good token",
          both,
          { authorization: bearer(boundToken), clientCertificate: unnamed },
          "ERR_CERTIFICATE_UNNAMED",
        ],
        [
          "a foreign certificate",
          both,
          { authorization: [], clientCertificate: foreign },
          "ERR_CERTIFICATE_UNTRUSTED",
        ],
        [
          "a certificate nobody configured beside a good token",
          tokens,
          { authorization: bearer(boundToken), clientCertificate: foreign },
          "webhookToken",
        ],
        [
          "a certificate nobody configured beside a bad token",
          tokens,
          { authorization: bearer(forgedToken), clientCertificate: good },
          "ERR_TOKEN_SIGNATURE",
        ],
        [
          "a certificate nobody configured",
          tokens,
          { authorization: [], clientCertificate: good },
          "ERR_CERTIFICATE_UNTRUSTED",
        ],
        [
          "a token where certificates only are taken",
          { clientCertificates },
          { authorization: bearer(boundToken) },
          "ERR_TOKEN_UNACCEPTED",
        ],
        [
          "a token beside a good certificate where certificates only are taken",
          { clientCertificates },
          { authorization: bearer(boundToken), clientCertificate: good },
          "ERR_TOKEN_UNACCEPTED",
        ],
        [
          "a plain token where bound ones are taken",
          { webhookTokens },
          { authorization: bearer(plainToken) },
          "ERR_TOKEN_UNACCEPTED",
        ],
        [
          "a bound token where plain ones are taken",
          { serviceAccounts: [webhookAuth] },
          { authorization: bearer(boundToken) },
          "ERR_TOKEN_UNACCEPTED",
        ],
        [
          "a plain token where nobody is named",
          { serviceAccounts: [] },
          { authorization: bearer(plainToken) },
          "ERR_CALLER_UNNAMED",
        ],
      ];
    for (const [name, more, credentials, expected] of rows)
      it(`${name}: ${expected}`, async () => {
        const authenticator = createWebhookCallerAuthenticator({ ...base(), ...more });
        const outcome = await outcomeOf(() => authenticator.authenticateRequest(credentials));
        expect(outcome instanceof CountersignError ? outcome.code : outcome?.method).to.equal(expected);
      });
  });

  it("answers a token it knows without a promise", async () => {
    const authenticator = createWebhookCallerAuthenticator({ ...base(), webhookTokens });
    const first = await authenticator.authenticateRequest({ authorization: bearer(boundToken) });
    expect(authenticator.authenticateRequest({ authorization: bearer(boundToken) })).to.equal(first);
  });

  it("forgets what it knows when the issuer withdraws the key", async () => {
    const own = stoppedClock();
    const next = signingKey("RS256", "next");
    let keys = [clusterKey];
    const source = { fetchKeys: async () => ({ issuer: clusterIssuer, jwks: jwksOf(...keys) }) };
    const issuers = [issuerOf([], { source, clock: own })];
    const authenticator = createWebhookCallerAuthenticator({ ...base(), issuers, webhookTokens, clock: own });
    const ask = (token: string) =>
      verdictOf(() => authenticator.authenticateRequest({ authorization: bearer(token) }));
    expect(await ask(boundToken)).to.equal("accepted");
    keys = [next];
    own.advance(10_000);
    expect(await ask(mint({ key: next }))).to.equal("accepted");
    expect(await ask(boundToken)).to.equal("ERR_TOKEN_KEY_UNKNOWN");
  });

  it("remembers a token for this route only: another refuses it for its audience", async () => {
    const issuers = [issuerOf()];
    const mine = createWebhookCallerAuthenticator({ ...base(), issuers, webhookTokens });
    const other = createWebhookCallerAuthenticator({
      ...base(),
      issuers,
      webhookTokens,
      audiences: [otherAudience],
    });
    expect(await verdictOf(() => mine.authenticateRequest({ authorization: bearer(boundToken) }))).to.equal(
      "accepted",
    );
    expect(await verdictOf(() => other.authenticateRequest({ authorization: bearer(boundToken) }))).to.equal(
      "ERR_TOKEN_AUDIENCE",
    );
  });

  it("takes a plain token for several audiences only where all are this server's", async () => {
    const token = mint({ claims: plainClaims({ aud: [otherAudience, audience] }) });
    const judge = (more: Partial<WebhookCallerOptions>) => {
      const authenticator = createWebhookCallerAuthenticator({
        ...base(),
        serviceAccounts: [webhookAuth],
        ...more,
      });
      return verdictOf(() => authenticator.authenticateRequest({ authorization: bearer(token) }));
    };
    expect(await judge({ serverAudiences: [otherAudience, audience] })).to.equal("accepted");
    expect(await judge({})).to.equal("ERR_TOKEN_AUDIENCE");
  });

  it("refuses everybody while the issuer is away, and says so", async () => {
    const issuers = [issuerOf([], { source: { fetchKeys: () => Promise.reject(new Error("away")) } })];
    const authenticator = createWebhookCallerAuthenticator({ ...base(), issuers, webhookTokens });
    expect(
      await verdictOf(() => authenticator.authenticateRequest({ authorization: bearer(boundToken) })),
    ).to.equal("ERR_ISSUER_UNAVAILABLE");
  });

  describe("with TokenReview besides", () => {
    const asked: TokenReview[] = [];
    const status = {
      authenticated: true,
      audiences: [audience],
      user: {
        username: "system:serviceaccount:kube-system:webhook-auth",
        uid: "a3f2a1ce-29d9-4be6-9a2e-0a4ce42ba75c",
        groups: ["system:serviceaccounts", "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/validatingwebhookconfiguration-name": ["countersign"],
          "authentication.kubernetes.io/validatingwebhookconfiguration-uid": [configurationUid],
          "attestation.authentication.kubernetes.io/admissionReviewAPIGroups": ["apps"],
        },
      },
    };
    const rig = (answer: object, more: Partial<WebhookCallerOptions> = {}) => {
      asked.splice(0);
      const own = stoppedClock();
      const client = {
        async createTokenReview(review: TokenReview) {
          asked.push(review);
          return { ...review, status: answer };
        },
      };
      const options = { ...base(), webhookTokens, tokenReview: { client }, clock: own, ...more };
      const authenticator = createWebhookCallerAuthenticator(options);
      const ask = (token: string) =>
        outcomeOf(() => authenticator.authenticateRequest({ authorization: bearer(token) }));
      return { ask, own, options };
    };

    it("accepts what both accept, in the offline shape with the server's user", async () => {
      const outcome = await rig(status).ask(boundToken);
      expect(outcome).to.deep.include({
        method: "tokenReview",
        user: status.user,
        attestedAPIGroup: "apps",
        audience,
      });
      expect(asked[0]!.spec.audiences).to.deep.equal([audience]);
    });

    it("refuses what the server has revoked, though its signature is good", async () =>
      expect(await rig({ authenticated: false, audiences: [audience] }).ask(boundToken)).to.have.property(
        "code",
        "ERR_TOKEN_REVIEW_REFUSED",
      ));

    it("does not bother the server with forgeries", async () => {
      expect(await rig(status).ask(forgedToken)).to.have.property("code", "ERR_TOKEN_SIGNATURE");
      expect(asked).to.deep.equal([]);
    });

    it("believes an answer for 10 s", async () => {
      const { ask, own } = rig(status);
      await ask(boundToken);
      own.advance(9_999);
      await ask(boundToken);
      expect(asked).to.have.length(1);
      own.advance(1);
      await ask(boundToken);
      expect(asked).to.have.length(2);
    });

    it("can do without issuers' keys, by the same rules", async () => {
      expect(await rig(status, { issuers: [] }).ask(boundToken)).to.have.property("method", "tokenReview");
      const star = mint({ claims: boundClaims({}, { attestations: { admissionReviewAPIGroups: ["*"] } }) });
      expect(await rig(status, { issuers: [] }).ask(star)).to.have.property("code", "ERR_CALLER_UNNAMED");
    });

    it("is explained as a check of its own", async () => {
      const findings = await explainToken(new Secret(boundToken), rig({ authenticated: false }).options);
      expect(findings.at(-1)).to.deep.include({
        check: "token review",
        passed: false,
        code: "ERR_TOKEN_REVIEW_REFUSED",
      });
    });
  });

  it("can be told to remember nothing", async () => {
    const authenticator = createWebhookCallerAuthenticator({ ...base(), webhookTokens, cacheTTLMs: 0 });
    const ask = () => authenticator.authenticateRequest({ authorization: bearer(boundToken) });
    expect(await ask()).not.to.equal(await ask());
  });
});

describe("explainToken", () => {
  it("passes what the route's authenticator accepts", async () => {
    const findings = await explainToken(new Secret(boundToken), { ...base(), webhookTokens });
    expect(findings.filter(({ passed }) => !passed)).to.deep.equal([]);
  });

  it("says what the route's authenticator would say, and more", async () => {
    const claims = boundClaims({ exp: noon, aud: [otherAudience] });
    const findings = await explainToken(new Secret(mint({ claims })), { ...base(), webhookTokens });
    const codes = findings.filter(({ passed }) => !passed).map(({ code }) => code);
    expect(codes).to.deep.equal(["ERR_TOKEN_AUDIENCE", "ERR_TOKEN_EXPIRED"]);
  });
});
