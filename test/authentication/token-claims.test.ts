import { expect } from "chai";
import type { JSONObject } from "../../src/authentication/strict-json.ts";
import { decodeClaims, isWebhookToken } from "../../src/authentication/token-claims.ts";
import { CountersignError } from "../../src/errors.ts";
import { boundClaims, plainClaims } from "./minting.ts";

const decode = (claims: unknown) => decodeClaims(JSON.parse(JSON.stringify(claims)) as JSONObject);
const inner = (more: object) => plainClaims({}, more as JSONObject);
const uid = "8c5b9e6e-1f0e-4a84-9d2c-2f4b36a1d6c1";

describe("decodeClaims", () => {
  it("decodes what kube-apiserver writes for a webhook-bound token", () => {
    const claims = boundClaims();
    const { "kubernetes.io": kubernetes, ...registered } = claims;
    const { attestations, ...objects } = kubernetes as JSONObject;
    expect(attestations).to.deep.equal({ admissionReviewAPIGroups: ["apps"] });
    expect(decode(claims)).to.deep.equal({
      ...registered,
      kubernetes: { ...objects, attestations: new Map([["admissionReviewAPIGroups", ["apps"]]]) },
    });
  });

  it("decodes what it writes for a pod's token, passing over what it does not need", () => {
    const pod = { name: "p", uid };
    const node = { name: "n", uid };
    const decoded = decode(inner({ pod, node, secret: pod, warnafter: 1, future: { name: "x" } }));
    expect(decoded.kubernetes).to.deep.include({ pod, node });
    expect(decoded.kubernetes).to.have.all.keys("namespace", "serviceaccount", "pod", "node");
  });

  it("makes a list of a lone audience (RFC 7519 section 4.1.3)", () =>
    expect(decode(plainClaims({ aud: "https://a" })).aud).to.deep.equal(["https://a"]));

  it("can do without jti", () => expect(decode(plainClaims({ jti: undefined }))).not.to.have.property("jti"));

  for (const claim of ["iss", "sub", "aud", "exp", "nbf", "iat", "kubernetes.io"])
    it(`refuses a token without ${claim}, naming it`, () =>
      expect(() => decode(plainClaims({ [claim]: undefined })))
        .to.throw(CountersignError, `token claim ${claim}:`)
        .with.property("code", "ERR_TOKEN_MALFORMED"));

  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    iss: ["", null, 1, ["x"]],
    sub: ["", null, 1, {}],
    aud: [null, 1, {}, [1], ["a", null], [["a"]]],
    exp: ["1795248540", null, -1, 8.64e12 + 1, 1e300, true, [1]],
    nbf: ["1795248540", null, -1, {}],
    iat: ["1795248540", null, -1, 1e300],
    jti: ["", null, 1],
    "kubernetes.io": [null, 1, "x", []],
  };
  for (const [claim, values] of Object.entries(wrong))
    for (const value of values)
      it(`refuses ${claim}: ${JSON.stringify(value)}`, () =>
        expect(() => decode(plainClaims({ [claim]: value })))
          .to.throw(CountersignError, `token claim ${claim}:`)
          .with.property("code", "ERR_TOKEN_MALFORMED"));

  const wrongInside: readonly (readonly [string, object])[] = [
    ["kubernetes.io.namespace", { namespace: 1 }],
    ["kubernetes.io.namespace", { namespace: "" }],
    ["kubernetes.io.serviceaccount", { serviceaccount: "webhook-auth" }],
    ["kubernetes.io.serviceaccount.name", { serviceaccount: { uid } }],
    ["kubernetes.io.serviceaccount.uid", { serviceaccount: { name: "a", uid: 1 } }],
    ["kubernetes.io.pod", { pod: null }],
    ["kubernetes.io.validatingwebhookconfiguration", { validatingwebhookconfiguration: "countersign" }],
    ["kubernetes.io.validatingwebhookconfiguration.uid", { validatingwebhookconfiguration: { name: "a" } }],
    ["kubernetes.io.mutatingwebhookconfiguration.name", { mutatingwebhookconfiguration: { name: "", uid } }],
    ["kubernetes.io.attestations", { attestations: ["apps"] }],
    ["kubernetes.io.attestations", { attestations: { admissionReviewAPIGroups: "apps" } }],
    ["kubernetes.io.attestations", { attestations: { admissionReviewAPIGroups: [1] } }],
  ];
  for (const [path, more] of wrongInside)
    it(`refuses ${JSON.stringify(more)}, naming ${path}`, () =>
      expect(() => decode(inner(more)))
        .to.throw(CountersignError, `token claim ${path}:`)
        .with.property("code", "ERR_TOKEN_MALFORMED"));

  for (const name of [
    "validatingWebhookConfiguration",
    "MUTATINGWEBHOOKCONFIGURATION",
    "Attestations",
    "Namespace",
  ])
    it(`refuses ${name}, which a verifier that ignores case would read`, () =>
      expect(() => decode(inner({ [name]: { name: "countersign", uid } })))
        .to.throw(CountersignError, /only by case/)
        .with.property("code", "ERR_TOKEN_MALFORMED"));

  it("reads own properties only", () => {
    const claims = JSON.parse('{"__proto__": {}}') as JSONObject;
    expect(() => decodeClaims(Object.setPrototypeOf(claims, plainClaims()))).to.throw(/token claim iss/);
  });
});

describe("isWebhookToken", () => {
  const bound = { name: "countersign", uid };
  const rows: readonly (readonly [string, object, boolean])[] = [
    ["a plain token", {}, false],
    ["a pod's token", { pod: bound }, false],
    ["one bound to a validating configuration", { validatingwebhookconfiguration: bound }, true],
    ["one bound to a mutating configuration", { mutatingwebhookconfiguration: bound }, true],
    ["one that attests without a binding", { attestations: { admissionReviewAPIGroups: ["apps"] } }, true],
    ["one with empty attestations", { attestations: {} }, true],
  ];
  for (const [name, more, expected] of rows)
    it(`says ${expected} of ${name}`, () => expect(isWebhookToken(decode(inner(more)))).to.equal(expected));
});
