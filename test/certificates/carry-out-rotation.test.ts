import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { type AuthorityState, bundleOf, type KeptAuthority } from "../../src/certificates/authority-state.ts";
import { carryOutRotation, type RotationStep } from "../../src/certificates/carry-out-rotation.ts";
import type { RotationOptions } from "../../src/certificates/plan-rotation.ts";

const day = 24 * 3_600_000;
const start = Date.UTC(2030, 0, 1);
const options: RotationOptions = {
  dnsNames: ["countersign.ns.svc"],
  caValidityMs: 365 * day,
  certificateValidityMs: 90 * day,
  renewBeforeMs: 30 * day,
};
const why = "of the test";

const step = (action: Exclude<RotationStep["action"], "sign" | "retire">): RotationStep => ({ action, why });
const retire = (madeBefore = 0): RotationStep => ({ action: "retire", why, madeBefore });
const held = (state: AuthorityState): KeptAuthority => ({ kind: "held", state });
const carryOut = (plan: RotationStep, kept: KeptAuthority, now = start): AuthorityState =>
  carryOutRotation(plan, kept, now, options);
const issuerOf = ({ leaf }: AuthorityState): string => new X509Certificate(leaf!.certificate).issuer;

describe("carryOutRotation", () => {
  const first = carryOut(step("create"), { kind: "empty" });

  it("creates a CA and a certificate that it signed", () => {
    expect(issuerOf(first)).to.equal(first.signer.certificate.subject);
    expect(first).to.deep.include({ next: undefined, previous: [] });
    expect(first.leaf!.dnsNames).to.deep.equal(options.dnsNames);
  });

  it("signs anew and leaves all else", () => {
    const signed = carryOut({ action: "sign", why, dnsNames: ["x.ns.svc"] }, held(first), start + day);
    expect(signed).to.deep.include({ signer: first.signer, next: undefined, previous: [] });
    expect(signed.leaf).to.deep.include({ dnsNames: ["x.ns.svc"], notAfter: start + 91 * day });
  });

  it("announces, notes, promotes and retires, and serves what is trusted all the while", () => {
    const announced = carryOut(step("announce"), held(first), start + 335 * day);
    expect(announced.leaf).to.equal(first.leaf);
    expect(bundleOf(announced)).to.equal(
      `${first.signer.certificate.toString()}${announced.next!.authority.certificate.toString()}`,
    );
    const noted = carryOut(step("notePublished"), held(announced), start + 336 * day);
    expect(noted.next).to.deep.equal({
      authority: announced.next!.authority,
      publishedAt: start + 336 * day,
    });
    const promoted = carryOut(step("promote"), held(noted), start + 337 * day);
    expect(promoted.signer).to.equal(noted.next!.authority);
    expect(promoted.previous).to.deep.equal([first.signer.certificate]);
    expect(issuerOf(promoted)).to.equal(promoted.signer.certificate.subject);
    expect(promoted.next).to.equal(undefined);
    const retired = carryOut(retire(), held(promoted), start + 366 * day);
    expect(retired).to.deep.equal({ ...promoted, previous: [] });
    expect(carryOut(retire(), held(promoted), start + 364 * day)).to.deep.equal(promoted);
  });

  it("retires what was made before an instant, expired or not", () => {
    const announced = carryOut(step("announce"), held(first), start + day);
    const promoted = carryOut(step("promote"), held(announced), start + 2 * day);
    expect(carryOut(retire(start + 1000), held(promoted), start + 3 * day).previous).to.deep.equal([]);
    expect(carryOut(retire(start), held(promoted), start + 3 * day)).to.deep.equal(promoted);
  });

  it("begins anew, and trusts what was trusted as long as it is valid", () => {
    const announced = carryOut(step("announce"), held(first), start + 335 * day);
    const anew = carryOut(step("recover"), held(announced), start + 366 * day);
    expect(anew.previous).to.deep.equal([announced.next!.authority.certificate]);
    expect(issuerOf(anew)).to.equal(anew.signer.certificate.subject);
    const back = carryOut(step("recover"), held(first), start - 30 * day);
    expect(back.previous).to.deep.equal([first.signer.certificate]);
    const damaged: KeptAuthority = { kind: "damaged", problem: "", trusted: [first.signer.certificate] };
    expect(carryOut(step("recover"), damaged).previous).to.deep.equal([first.signer.certificate]);
  });

  it("trusts five CAs at most, however often it has to begin anew", () => {
    let state = first;
    for (let times = 0; times < 10; times++) state = carryOut(step("recover"), held(state));
    expect(bundleOf(state).match(/BEGIN/g)).to.have.length(5);
  });

  it("takes no step from an authority that is not there", () => {
    expect(() => carryOut(step("promote"), { kind: "empty" })).to.throw(TypeError);
  });
});
