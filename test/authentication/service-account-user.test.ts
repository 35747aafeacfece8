import { expect } from "chai";
import {
  claimedServiceAccount,
  namedCheck,
  serviceAccountUser,
  subjectCheck,
} from "../../src/authentication/service-account-user.ts";
import { decodeSignedToken } from "../../src/authentication/signed-token.ts";
import { boundClaims, type Claims, configurationUid, mint, plainClaims } from "./minting.ts";

const tokenOf = (claims: Claims) => decodeSignedToken(mint({ claims }));
const claimsOf = (claims: Claims) => tokenOf(claims).claims;

describe("serviceAccountUser", () => {
  it("names a mutating binding under its own keys", () => {
    const claims = boundClaims(
      {},
      {
        validatingwebhookconfiguration: undefined,
        mutatingwebhookconfiguration: { name: "m", uid: configurationUid },
      },
    );
    expect(serviceAccountUser(claimsOf(claims)).extra).to.deep.include({
      "authentication.kubernetes.io/mutatingwebhookconfiguration-name": ["m"],
      "authentication.kubernetes.io/mutatingwebhookconfiguration-uid": [configurationUid],
    });
  });

  it("has no credential id where the token has no jti", () =>
    expect(serviceAccountUser(claimsOf(plainClaims({ jti: undefined }))).extra).to.deep.equal({}));
});

describe("claimedServiceAccount", () => {
  it("is what the private claims name, not what sub says", () =>
    expect(claimedServiceAccount(claimsOf(plainClaims({ sub: "system:serviceaccount:a:b" })))).to.deep.equal({
      namespace: "kube-system",
      name: "webhook-auth",
    }));
});

describe("subjectCheck", () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ["system:serviceaccount:kube-system:webhook-auth", true],
    ["system:serviceaccount:kube-system:webhook-auth2", false],
    ["system:serviceaccount:default:webhook-auth", false],
    ["System:serviceaccount:kube-system:webhook-auth", false],
    ["webhook-auth", false],
  ];
  for (const [sub, passes] of rows)
    it(`${passes ? "takes" : "refuses"} ${sub}`, () =>
      expect(subjectCheck.passes(tokenOf(plainClaims({ sub })), 0)).to.equal(passes));
});

describe("namedCheck", () => {
  const token = tokenOf(plainClaims());

  it("passes a named ServiceAccount only, namespace and name together", () => {
    const passes = (namespace: string, name: string) =>
      namedCheck("caller", [{ namespace, name }]).passes(token, 0);
    expect(passes("kube-system", "webhook-auth")).to.equal(true);
    expect(passes("kube-system", "other")).to.equal(false);
    expect(passes("other", "webhook-auth")).to.equal(false);
  });

  it("passes whomever it does not apply to, and says so", () => {
    const check = namedCheck("caller", [], () => false);
    expect(check.passes(token, 0)).to.equal(true);
    expect(check.compared(token, 0)).to.deep.equal({
      expected: "any ServiceAccount",
      actual: '"kube-system/webhook-auth"',
    });
  });
});
