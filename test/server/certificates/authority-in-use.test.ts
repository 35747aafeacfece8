import { expect } from "chai";
import type { AuthorityState } from "../../../src/certificates/authority-state.ts";
import { bundleOf } from "../../../src/certificates/authority-state.ts";
import { carryOutRotation } from "../../../src/certificates/carry-out-rotation.ts";
import {
  type AuthorityInUse,
  createAuthorityInUse,
} from "../../../src/server/certificates/authority-in-use.ts";
import type { CallingConfiguration } from "../../../src/server/certificates/calling-configurations.ts";

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
const trusting = (bundle: string): CallingConfiguration => ({
  kind: "ValidatingWebhookConfiguration",
  name: "c",
  resourceVersion: "1",
  webhooks: [{ index: 0, caBundle: bundle }],
});

describe("the authority in use", () => {
  let now = start;
  let exchanges = 0;
  let told: string[] = [];
  let inUse: AuthorityInUse;
  const [one, two] = [begin(), begin()];
  beforeEach(() => {
    [now, exchanges, told] = [start, 0, []];
    inUse = createAuthorityInUse({
      clock: { now: () => now, random: () => 0 },
      tell: ({ outcome }) => told.push(outcome),
      onExchange: () => void exchanges++,
    });
  });

  it("is the first there is, whoever trusts it", () => {
    inUse.take(one, undefined);
    expect(inUse.state).to.equal(one);
    expect([exchanges, told]).to.deep.equal([1, ["exchanged"]]);
  });

  it("is exchanged once everybody who calls would verify the next, and not before", () => {
    inUse.take(one, undefined);
    for (const callers of [undefined, [trusting(bundleOf(one))], [trusting(bundleOf(two)), trusting("")]])
      inUse.take(two, callers);
    expect(inUse.state).to.equal(one);
    inUse.take(two, [trusting(bundleOf(two)), trusting(bundleOf(one) + bundleOf(two))]);
    expect(inUse.state).to.equal(two);
    expect(exchanges).to.equal(2);
  });

  it("is exchanged where nobody calls", () => {
    inUse.take(one, []);
    inUse.take(two, []);
    expect(inUse.state).to.equal(two);
  });

  for (const [what, instant] of [
    ["ended", start + 91 * day],
    ["not valid yet", start - day],
  ] as const)
    it(`is exchanged at once where it is ${what}: nobody would verify it anyway`, () => {
      inUse.take(one, undefined);
      now = instant;
      inUse.take(two, undefined);
      expect(inUse.state).to.equal(two);
    });

  it("is no other where only what is trusted beside it has changed", () => {
    inUse.take(one, undefined);
    const more = { ...one, previous: [two.signer.certificate] };
    inUse.take(more, undefined);
    expect(inUse.state).to.equal(more);
    expect(exchanges).to.equal(1);
  });

  it("names who would not verify it, where both are known", () => {
    expect(inUse.distrustedBy([])).to.equal(undefined);
    inUse.take(one, undefined);
    expect(inUse.distrustedBy(undefined)).to.equal(undefined);
    expect(inUse.distrustedBy([trusting(bundleOf(one))])).to.deep.equal([]);
    expect(inUse.distrustedBy([trusting(bundleOf(one)), trusting(bundleOf(two))])).to.deep.equal([
      "ValidatingWebhookConfiguration/c",
    ]);
  });
});
