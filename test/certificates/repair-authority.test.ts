import { expect } from "chai";
import { type AuthorityState, bundleOf, type KeptAuthority } from "../../src/certificates/authority-state.ts";
import { carryOutRotation } from "../../src/certificates/carry-out-rotation.ts";
import { repairAuthority } from "../../src/certificates/repair-authority.ts";

const day = 24 * 3_600_000;
const start = Date.UTC(2030, 0, 1);
const options = {
  dnsNames: ["countersign.ns.svc"],
  caValidityMs: 365 * day,
  certificateValidityMs: 90 * day,
  renewBeforeMs: 30 * day,
};
const begin = (): AuthorityState =>
  carryOutRotation({ action: "create", why: "" }, { kind: "empty" }, start, options);

describe("repairAuthority", () => {
  const used = begin();
  const held = (state: AuthorityState): KeptAuthority => ({ kind: "held", state });

  it("writes what is in use again where what was kept is lost", () => {
    expect(repairAuthority({ kind: "empty" }, used, { now: start })).to.deep.include({
      action: "restore",
      state: used,
    });
    const damaged: KeptAuthority = { kind: "damaged", problem: "no key", trusted: [] };
    expect(repairAuthority(damaged, used, { now: start })).to.deep.equal({
      action: "restore",
      why: "no key",
      state: used,
    });
  });

  it("makes the CA in use trusted where another has begun anew, and changes nothing else", () => {
    const other = begin();
    const repair = repairAuthority(held(other), used, { now: start })!;
    expect(repair.action).to.equal("trust");
    expect(repair.state).to.deep.equal({ ...other, previous: [used.signer.certificate] });
    expect(repairAuthority(held(repair.state), used, { now: start })).to.equal(undefined);
  });

  it("lets no bundle grow without end", () => {
    let state = begin();
    for (let replica = 0; replica < 10; replica++)
      state = repairAuthority(held(state), begin(), { now: start })?.state ?? state;
    expect(bundleOf(state).match(/BEGIN/g)).to.have.length(5);
  });

  it("has nothing to mend where the CA in use is trusted, as signer, as next or as an old one", () => {
    const other = begin();
    const next = { authority: used.signer, publishedAt: undefined };
    for (const state of [used, { ...other, next }, { ...other, previous: [used.signer.certificate] }])
      expect(repairAuthority(held(state), used, { now: start })).to.equal(undefined);
  });

  it("has nothing to mend with where nothing is in use, or what is in use is not valid", () => {
    for (const kept of [{ kind: "empty" }, held(begin())] as const) {
      expect(repairAuthority(kept, undefined, { now: start })).to.equal(undefined);
      expect(repairAuthority(kept, { ...used, leaf: undefined }, { now: start })).to.equal(undefined);
      expect(repairAuthority(kept, used, { now: start + 91 * day })).to.equal(undefined);
      expect(repairAuthority(kept, used, { now: start - day })).to.equal(undefined);
    }
  });

  it("does not make a CA trusted again that an operator wants no more, and restores it where all is lost", () => {
    const other = begin();
    const now = start + day;
    for (const [rotateAfter, action] of [
      [start + 1000, undefined],
      [start, "trust"],
      [now + 1, "trust"],
    ] as const)
      expect(repairAuthority(held(other), used, { now, rotateAfter })?.action).to.equal(action);
    expect(repairAuthority({ kind: "empty" }, used, { now, rotateAfter: now })?.action).to.equal("restore");
  });

  it("never touches what is not ours", () => {
    expect(repairAuthority({ kind: "foreign", problem: "" }, used, { now: start })).to.equal(undefined);
  });
});
