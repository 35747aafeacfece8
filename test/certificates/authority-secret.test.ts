import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { expect } from "chai";
import {
  authoritySecretKeys,
  decodeAuthority,
  encodeAuthority,
  type SecretTexts,
} from "../../src/certificates/authority-secret.ts";
import { type AuthorityState, bundleOf, type KeptAuthority } from "../../src/certificates/authority-state.ts";
import { createSigningAuthority, issueServingPair } from "../../src/certificates/signing-authority.ts";

const day = 24 * 3_600_000;
const now = Date.UTC(2030, 0, 1);
const signer = createSigningAuthority(now, 365 * day);
const nextAuthority = createSigningAuthority(now, 365 * day);
const old = createSigningAuthority(now - 300 * day, 365 * day);
const leaf = issueServingPair(signer, { dnsNames: ["a.ns.svc", "b.ns.svc"], now, validityMs: 90 * day });
const plain: AuthorityState = { signer, next: undefined, previous: [], leaf };
const full: AuthorityState = {
  signer,
  next: { authority: nextAuthority, publishedAt: now },
  previous: [old.certificate],
  leaf,
};

const subjects = (certificates: readonly X509Certificate[]) => certificates.map(({ subject }) => subject);
const blank: SecretTexts = { "tls.crt": "", "tls.key": "", "ca.crt": "\n" };

function heldBy(kept: KeptAuthority): AuthorityState {
  if (kept.kind !== "held") throw new Error(`${kept.kind}: ${"problem" in kept ? kept.problem : ""}`);
  return kept.state;
}

describe("the Secret of an authority", () => {
  for (const [name, state] of [
    ["alone", plain],
    ["in the middle of a rotation", full],
    [
      "whose next CA is not published",
      { ...full, next: { authority: nextAuthority, publishedAt: undefined } },
    ],
  ] as const)
    it(`gives back what was put into it, ${name}`, () => {
      const texts = encodeAuthority(state);
      const read = heldBy(decodeAuthority(texts));
      expect(encodeAuthority(read)).to.deep.equal(texts);
      expect(read.signer.certificate.subject).to.equal(signer.certificate.subject);
      expect(read.next?.authority.certificate.subject).to.equal(state.next?.authority.certificate.subject);
      expect(read.next?.publishedAt).to.equal(state.next?.publishedAt);
      expect(subjects(read.previous)).to.deep.equal(subjects(state.previous));
      expect(read.leaf).to.deep.include({ dnsNames: leaf.dnsNames, notAfter: leaf.notAfter });
    });

  it("holds the names that whoever mounts it expects, and the whole bundle as ca.crt", () => {
    const texts = encodeAuthority(full);
    expect(authoritySecretKeys).to.include.members(Object.keys(texts));
    expect(texts["ca.crt"]).to.equal(bundleOf(full));
    expect(texts["ca.crt"]!.match(/BEGIN CERTIFICATE/g)).to.have.length(3);
    expect(new X509Certificate(texts["tls.crt"]!).subjectAltName).to.equal("DNS:a.ns.svc, DNS:b.ns.svc");
    expect(texts["tls.key"]).to.match(/^-----BEGIN PRIVATE KEY-----/);
  });

  it("is empty where no key holds anything", () => {
    for (const texts of [{}, blank]) expect(decodeAuthority(texts).kind).to.equal("empty");
  });

  it("is foreign where somebody else's certificate is in it, whatever it is called", () => {
    const { "countersign.json": _, ...unmarked } = encodeAuthority(plain);
    expect(decodeAuthority(unmarked)).to.deep.include({ kind: "foreign" });
    const kept = decodeAuthority({ password: "secret text" });
    expect(kept).to.deep.equal({
      kind: "foreign",
      problem: "it holds password, and nothing says that we wrote it",
    });
  });

  it("is foreign where a later version wrote it", () => {
    const texts = { ...encodeAuthority(plain), "countersign.json": '{"selfSigned":2}' };
    expect(decodeAuthority(texts)).to.deep.include({ kind: "foreign" });
  });

  const rsaKey = generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
  const damages: Readonly<Record<string, SecretTexts>> = {
    "no CA key": { "ca.key": "" },
    "a CA key of another CA": { "ca.key": old.key.reveal() },
    "a CA key that is none": { "ca.key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" },
    "a key of another kind": { "ca.key": rsaKey },
    "no CA certificate": { "ca.crt": old.certificate.toString() },
    "a leaf's key for the CA's": { "ca.key": leaf.key.reveal(), "ca.crt": leaf.certificate },
  };
  for (const [what, damage] of Object.entries(damages))
    it(`is damaged with ${what}, and what can be read stays trusted`, () => {
      const kept = decodeAuthority({ ...encodeAuthority(plain), ...damage });
      if (kept.kind !== "damaged") throw new Error(kept.kind);
      const readable = (damage["ca.crt"] ?? encodeAuthority(plain)["ca.crt"])!;
      expect(kept.trusted.map(String).join("")).to.equal(readable);
    });

  it("keeps the certificates that can be read beside one that cannot", () => {
    const garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const texts = encodeAuthority(full);
    const read = heldBy(decodeAuthority({ ...texts, "ca.crt": `${garbage}${texts["ca.crt"]}trailing` }));
    expect(bundleOf(read)).to.equal(bundleOf(full));
  });

  it("has no certificate to serve where its key is another's, or another CA signed it", () => {
    const strange = issueServingPair(old, { dnsNames: ["a.ns.svc"], now, validityMs: day });
    const texts = encodeAuthority(plain);
    for (const damage of [
      { "tls.key": strange.key.reveal() },
      { "tls.crt": strange.certificate, "tls.key": strange.key.reveal() },
      { "tls.crt": "" },
      { "tls.key": "garbage" },
    ])
      expect(heldBy(decodeAuthority({ ...texts, ...damage })).leaf).to.equal(undefined);
  });

  it("trusts a next CA whose key is lost, and forgets that it is to sign", () => {
    const read = heldBy(decodeAuthority({ ...encodeAuthority(full), "next-ca.key": "" }));
    expect(read.next).to.equal(undefined);
    expect(subjects(read.previous)).to.include(nextAuthority.certificate.subject);
  });

  it("reads the rest where the marker is garbage", () => {
    for (const marker of ["{", "[]", "null", '{"selfSigned":1,"nextPublishedAt":"yesterday"}'])
      expect(
        heldBy(decodeAuthority({ ...encodeAuthority(full), "countersign.json": marker })).next,
      ).to.deep.include({ publishedAt: undefined });
  });
});
