import { expect } from "chai";
import { issuerCheck, signatureProof } from "../../src/authentication/signature-proof.ts";
import { decodeSignedToken } from "../../src/authentication/signed-token.ts";
import { CountersignError, errorCodeOf } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { rejectionOf } from "../rejection.ts";
import {
  boundClaims,
  clusterIssuer,
  clusterKey,
  forgerKey,
  issuerOf,
  mint,
  mintWithPublicKeyAsSecret,
  signingKey,
  stoppedClock,
} from "./minting.ts";

const p256 = signingKey("ES256");
const otherKey = signingKey("RS256", "other-key");

async function prove(token: string, issuers = [issuerOf([clusterKey, p256])]): Promise<string> {
  try {
    await signatureProof({ issuers, clock: stoppedClock() }).prove(
      decodeSignedToken(token),
      new Secret(token),
    );
    return "proven";
  } catch (error) {
    return errorCodeOf(error);
  }
}

const withPayloadOf = (token: string, other: string): string => {
  const [head, , signature] = token.split(".");
  return [head, other.split(".")[1], signature].join(".");
};

describe("signatureProof", () => {
  it("proves what the issuer's key signed, RSA and ECDSA", async () => {
    expect(await prove(mint())).to.equal("proven");
    expect(await prove(mint({ key: p256 }))).to.equal("proven");
  });

  const refused: Readonly<Record<string, readonly [string, string]>> = {
    "a forged signature under a known kid": ["ERR_TOKEN_SIGNATURE", mint({ key: forgerKey })],
    "a good signature over other claims": [
      "ERR_TOKEN_SIGNATURE",
      withPayloadOf(mint(), mint({ claims: boundClaims({ jti: "x" }) })),
    ],
    "no signature": ["ERR_TOKEN_SIGNATURE", `${mint().split(".").slice(0, 2).join(".")}.`],
    "alg none": ["ERR_TOKEN_ALGORITHM", mint({ header: { alg: "none" } })],
    "alg none without a signature": [
      "ERR_TOKEN_ALGORITHM",
      `${mint({ header: { alg: "none" } })
        .split(".")
        .slice(0, 2)
        .join(".")}.`,
    ],
    "the public key as an HMAC's secret": [
      "ERR_TOKEN_ALGORITHM",
      mintWithPublicKeyAsSecret(clusterKey, boundClaims()),
    ],
    "an ECDSA algorithm with an RSA key": ["ERR_TOKEN_ALGORITHM", mint({ header: { alg: "ES256" } })],
    "an RSA algorithm with an ECDSA key": [
      "ERR_TOKEN_ALGORITHM",
      mint({ key: p256, header: { alg: "RS256" } }),
    ],
    "PSS where the key is for PKCS #1 v1.5": [
      "ERR_TOKEN_ALGORITHM",
      mint({ key: { ...clusterKey, alg: "PS256" } }),
    ],
    "an unknown kid": ["ERR_TOKEN_KEY_UNKNOWN", mint({ key: otherKey })],
    "another issuer's token": [
      "ERR_TOKEN_ISSUER",
      mint({ claims: boundClaims({ iss: "https://evil.example" }) }),
    ],
    "an issuer that differs by a slash": [
      "ERR_TOKEN_ISSUER",
      mint({ claims: boundClaims({ iss: `${clusterIssuer}/` }) }),
    ],
    "a key brought along": [
      "ERR_TOKEN_SIGNATURE",
      mint({ key: forgerKey, header: { jwk: forgerKey.jwk, jku: "https://evil.example/keys" } }),
    ],
  };
  for (const [name, [code, token]] of Object.entries(refused))
    it(`refuses ${name}: ${code}`, async () => expect(await prove(token)).to.equal(code));

  it("takes each issuer's tokens by its own keys only", async () => {
    const issuers = [issuerOf(), issuerOf([otherKey], { name: "other", iss: "https://other" })];
    const fromOther = boundClaims({ iss: "https://other" });
    expect(await prove(mint({ key: otherKey, claims: fromOther }), issuers)).to.equal("proven");
    expect(await prove(mint({ key: clusterKey, claims: fromOther }), issuers)).to.equal(
      "ERR_TOKEN_KEY_UNKNOWN",
    );
    expect(await prove(mint({ key: otherKey }), issuers)).to.equal("ERR_TOKEN_KEY_UNKNOWN");
  });

  describe("while an issuer is not known yet", () => {
    const away = () => {
      const source = { fetchKeys: () => Promise.reject(new Error("away")) };
      return issuerOf([], { name: "away", source });
    };

    it("says it is away, rather than that the token is somebody else's", async () =>
      expect(await prove(mint(), [away()])).to.equal("ERR_ISSUER_UNAVAILABLE"));

    it("goes on with the issuers it knows", async () =>
      expect(await prove(mint(), [away(), issuerOf()])).to.equal("proven"));

    it("lets every iss through to the proof, which asks", () => {
      const check = issuerCheck([away()]);
      expect(check.passes(decodeSignedToken(mint()), 0)).to.equal(true);
    });
  });

  it("asks for the iss first: a stranger's token costs no key", async () => {
    const issuer = issuerOf();
    await issuer.start();
    const token = mint({ claims: boundClaims({ iss: "https://evil.example" }), key: otherKey });
    expect(issuerCheck([issuer]).passes(decodeSignedToken(token), 0)).to.equal(false);
    expect(await prove(token, [issuer])).to.equal("ERR_TOKEN_ISSUER");
    expect(issuer.fetches()).to.equal(1);
  });

  describe("under a flood", () => {
    const rig = async () => {
      const clock = stoppedClock();
      const issuer = issuerOf();
      await issuer.start();
      const proof = signatureProof({ issuers: [issuer], clock });
      const ask = (token: string) => proof.prove(decodeSignedToken(token), new Secret(token));
      return { clock, ask };
    };

    it("answers good tokens without a promise while nobody forges", async () => {
      const { ask } = await rig();
      expect(ask(mint())).to.equal(undefined);
    });

    it("moves to the thread pool for a second after a forgery, with the same answers", async () => {
      const { ask, clock } = await rig();
      expect(() => ask(mint({ key: forgerKey })))
        .to.throw(CountersignError)
        .with.property("code", "ERR_TOKEN_SIGNATURE");
      const [good, bad] = [ask(mint()), ask(mint({ key: forgerKey }))];
      expect(good).to.be.instanceOf(Promise);
      expect(await good).to.equal(undefined);
      expect((await rejectionOf(Promise.resolve(bad))).code).to.equal("ERR_TOKEN_SIGNATURE");
      clock.advance(1_000);
      expect(ask(mint())).to.equal(undefined);
    });

    it("does not stay there when the clock goes back", async () => {
      const { ask, clock } = await rig();
      expect(() => ask(mint({ key: forgerKey }))).to.throw();
      clock.advance(-3_600_000);
      expect(ask(mint())).to.equal(undefined);
    });
  });
});
