import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import {
  type AuthorityState,
  type KeptAuthority,
  trustedCertificates,
} from "../../src/certificates/authority-state.ts";
import { carryOutRotation } from "../../src/certificates/carry-out-rotation.ts";
import {
  planRotation,
  type RotationOptions,
  type RotationPlan,
} from "../../src/certificates/plan-rotation.ts";
import { createSigningAuthority, issueServingPair } from "../../src/certificates/signing-authority.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2030, 0, 1);

const options: RotationOptions = {
  dnsNames: ["countersign.ns.svc"],
  caValidityMs: 365 * day,
  certificateValidityMs: 90 * day,
  renewBeforeMs: 30 * day,
};

interface Made {
  readonly caAt?: number;
  readonly leafAt?: number;
  readonly dnsNames?: readonly string[];
  readonly nextAt?: number;
  readonly publishedAt?: number;
  readonly previousAt?: readonly number[];
}

function authorityAt(instant: number) {
  return createSigningAuthority(instant, options.caValidityMs);
}

function made({ caAt = start, leafAt = caAt, ...more }: Made = {}): AuthorityState {
  const signer = authorityAt(caAt);
  return {
    signer,
    next:
      more.nextAt === undefined
        ? undefined
        : { authority: authorityAt(more.nextAt), publishedAt: more.publishedAt },
    previous: (more.previousAt ?? []).map((instant) => authorityAt(instant).certificate),
    leaf: issueServingPair(signer, {
      dnsNames: more.dnsNames ?? options.dnsNames,
      now: leafAt,
      validityMs: options.certificateValidityMs,
    }),
  };
}

const held = (state: AuthorityState): KeptAuthority => ({ kind: "held", state });

function plan(
  kept: KeptAuthority,
  now: number,
  published = true,
  more: Partial<RotationOptions> = {},
): RotationPlan {
  return planRotation({ kept, now, published: () => published }, { ...options, ...more });
}

interface Case {
  readonly name: string;
  readonly kept: () => KeptAuthority;
  readonly now: number;
  readonly published?: boolean;
  readonly options?: Partial<RotationOptions>;
  readonly rotateAfter?: number;
  readonly expected: RotationPlan["action"];
  readonly why?: RegExp;
}

const later = (days: number): number => start + days * day;

const table: readonly Case[] = [
  {
    name: "an operator wants no CA of before now",
    kept: () => held(made()),
    now: later(5),
    rotateAfter: later(5),
    expected: "announce",
    why: /no CA from before 2030-01-06T00:00:00/,
  },
  {
    name: "an operator will want none",
    kept: () => held(made()),
    now: later(5),
    rotateAfter: later(6),
    expected: "keep",
  },
  {
    name: "the CA is the one that an operator wanted",
    kept: () => held(made()),
    now: later(5),
    rotateAfter: start,
    expected: "keep",
  },
  {
    name: "the next CA is one that an operator wants no more, either",
    kept: () => held(made({ nextAt: later(4) })),
    now: later(5),
    published: false,
    rotateAfter: later(5),
    expected: "announce",
  },
  {
    name: "what an operator wanted is on its way",
    kept: () => held(made({ nextAt: later(5) })),
    now: later(6),
    published: false,
    rotateAfter: later(5),
    expected: "keep",
  },
  {
    name: "what an operator wanted has been published for long enough",
    kept: () => held(made({ nextAt: later(5), publishedAt: later(5) })),
    now: later(6),
    rotateAfter: later(5),
    expected: "promote",
  },
  {
    name: "what an operator wanted no more was just served",
    kept: () => held(made({ caAt: later(5), leafAt: later(6), previousAt: [start] })),
    now: later(6) + 9 * minute,
    rotateAfter: later(5),
    expected: "keep",
  },
  {
    name: "what an operator wanted no more is served no more",
    kept: () => held(made({ caAt: later(5), leafAt: later(6), previousAt: [start] })),
    now: later(6) + 10 * minute,
    rotateAfter: later(5),
    expected: "retire",
  },
  { name: "nothing is there", kept: () => ({ kind: "empty" }), now: start, expected: "create" },
  {
    name: "something is there that is not ours",
    kept: () => ({ kind: "foreign", problem: "it holds tls.crt" }),
    now: start,
    expected: "refuse",
    why: /holds tls\.crt/,
  },
  {
    name: "what is there is damaged",
    kept: () => ({ kind: "damaged", problem: "no key", trusted: [] }),
    now: start,
    expected: "recover",
    why: /no key/,
  },
  {
    name: "only the certificate is damaged",
    kept: () => held({ ...made(), leaf: undefined }),
    now: start,
    expected: "sign",
    why: /damaged/,
  },
  { name: "all is new", kept: () => held(made()), now: start, expected: "keep" },
  {
    name: "the certificate is not due yet",
    kept: () => held(made()),
    now: later(60) - minute,
    expected: "keep",
  },
  {
    name: "the certificate is due",
    kept: () => held(made()),
    now: later(60),
    expected: "sign",
    why: /^the certificate ends 2030-04-01/,
  },
  {
    name: "the certificate has expired",
    kept: () => held(made()),
    now: later(91),
    expected: "sign",
    why: /^the certificate ended/,
  },
  {
    name: "the certificate is from the future, its CA is not",
    kept: () => held(made({ leafAt: later(10) })),
    now: later(5),
    expected: "sign",
    why: /not valid before/,
  },
  {
    name: "the certificate lacks a name",
    kept: () => held(made()),
    now: start,
    options: { dnsNames: ["countersign.ns.svc", "new.ns.svc"] },
    expected: "sign",
    why: /not for new\.ns\.svc/,
  },
  {
    name: "the certificate has more names than are wanted here",
    kept: () => held(made({ dnsNames: ["countersign.ns.svc", "new.ns.svc"] })),
    now: start,
    expected: "keep",
  },
  {
    name: "the CA is due",
    kept: () => held(made({ leafAt: later(300) })),
    now: later(335),
    expected: "announce",
    why: /^the CA ends 2031-01-01/,
  },
  {
    name: "CA and certificate are due at once: no certificate is signed that would end as soon",
    kept: () => held(made({ leafAt: later(275), nextAt: later(335) })),
    now: later(336),
    published: false,
    expected: "keep",
  },
  {
    name: "the certificate is due while the next CA waits, and could live longer",
    kept: () => held(made({ leafAt: later(250), nextAt: later(335) })),
    now: later(336),
    published: false,
    expected: "sign",
  },
  {
    name: "the next CA is not published yet",
    kept: () => held(made({ leafAt: later(300), nextAt: later(335) })),
    now: later(337),
    published: false,
    expected: "keep",
  },
  {
    name: "the next CA has just been published",
    kept: () => held(made({ leafAt: later(300), nextAt: later(335) })),
    now: later(335),
    expected: "notePublished",
  },
  {
    name: "the next CA has been published a moment ago",
    kept: () => held(made({ leafAt: later(300), nextAt: later(335), publishedAt: later(335) })),
    now: later(335) + 9 * minute,
    expected: "keep",
  },
  {
    name: "the next CA has been published for long enough",
    kept: () => held(made({ leafAt: later(300), nextAt: later(335), publishedAt: later(335) })),
    now: later(335) + 10 * minute,
    expected: "promote",
  },
  {
    name: "the next CA had been published, and is no longer",
    kept: () => held(made({ leafAt: later(300), nextAt: later(335), publishedAt: later(335) })),
    now: later(336),
    published: false,
    expected: "keep",
  },
  {
    name: "the next CA was published by a replica whose clock is a little ahead",
    kept: () => held(made({ leafAt: later(300), nextAt: later(335), publishedAt: later(335) + minute })),
    now: later(335),
    expected: "keep",
  },
  {
    name: "the next CA was published in the future",
    kept: () => held(made({ leafAt: later(300), nextAt: later(335), publishedAt: later(340) })),
    now: later(336),
    expected: "notePublished",
    why: /clock went back/,
  },
  {
    name: "the CA has ended before the next one was published",
    kept: () => held(made({ leafAt: later(300), nextAt: later(335) })),
    now: later(366),
    published: false,
    expected: "promote",
    why: /the CA ended/,
  },
  {
    name: "the clock jumped ahead beyond everything",
    kept: () => held(made()),
    now: later(4000),
    expected: "recover",
    why: /the CA ended 2031-01-01.*/,
  },
  {
    name: "the clock jumped ahead beyond the next CA as well",
    kept: () => held(made({ nextAt: later(335) })),
    now: later(4000),
    expected: "recover",
  },
  {
    name: "the clock jumped back before everything",
    kept: () => held(made({ nextAt: later(335) })),
    now: start - 10 * day,
    expected: "recover",
    why: /the CA is not valid before 2029-12-31T23:00.*and it is 2029-12-22/,
  },
  {
    name: "the clock is behind by less than certificates are backdated",
    kept: () => held(made()),
    now: start - 59 * minute,
    expected: "keep",
  },
  {
    name: "an old CA is valid still",
    kept: () => held(made({ caAt: later(335), previousAt: [start] })),
    now: later(364),
    expected: "keep",
  },
  {
    name: "an old CA has expired",
    kept: () => held(made({ caAt: later(335), previousAt: [start] })),
    now: later(365) + hour,
    expected: "retire",
  },
];

describe("planRotation", () => {
  for (const { name, kept, now, published = true, options: more, rotateAfter, expected, why = /./ } of table)
    it(`says ${expected} where ${name}`, () => {
      const situation = { kept: kept(), now, published: () => published, rotateAfter };
      const planned = planRotation(situation, { ...options, ...more });
      expect(planned.action).to.equal(expected);
      if ("why" in planned) expect(planned.why).to.match(why);
    });

  it("keeps until the first thing that is due, and never until what is past", () => {
    expect(plan(held(made()), start)).to.deep.equal({ action: "keep", until: later(60) });
    const waiting = made({ leafAt: later(275), nextAt: later(335), publishedAt: later(335) });
    expect(plan(held(waiting), later(335) + minute)).to.deep.equal({
      action: "keep",
      until: later(335) + 10 * minute,
    });
    const stuck = made({ leafAt: later(275), nextAt: later(335) });
    expect(plan(held(stuck), later(340), false)).to.deep.equal({ action: "keep", until: later(365) });
  });

  it("waits for a settle time in proportion where certificates live for a minute", () => {
    const state = made({ nextAt: start, publishedAt: start });
    const short = { renewBeforeMs: 20_000 };
    expect(plan(held(state), start + 1_999, true, short).action).to.equal("keep");
    expect(plan(held(state), start + 2_000, true, short).action).to.equal("promote");
  });

  it("keeps the names of a replica that is configured otherwise, until the next renewal", () => {
    const kept = held(made({ dnsNames: ["old.ns.svc"] }));
    const planned = plan(kept, start);
    expect(planned).to.deep.include({ action: "sign", dnsNames: ["old.ns.svc", "countersign.ns.svc"] });
    expect(plan(held(made({ dnsNames: ["old.ns.svc", "countersign.ns.svc"] })), later(60))).to.deep.include({
      action: "sign",
      dnsNames: ["countersign.ns.svc"],
    });
  });
});

describe("a life of rotations", () => {
  /** Runs the planner over three years, a quarter of a day at a time, against configurations that are always a step behind. */
  const live = (
    check: (state: AuthorityState, now: number, published: readonly X509Certificate[]) => void,
  ) => {
    let kept: KeptAuthority = { kind: "empty" };
    let published: readonly X509Certificate[] = [];
    const actions = new Map<string, number>();
    const has = (wanted: X509Certificate) => published.some((one) => one.raw.equals(wanted.raw));
    for (let now = start; now < later(3 * 365); now += day / 4) {
      const planned: RotationPlan = planRotation({ kept, now, published: has }, options);
      if (planned.action === "refuse") throw new Error(planned.why);
      if (planned.action !== "keep") {
        kept = held(carryOutRotation(planned, kept, now, options));
        actions.set(planned.action, (actions.get(planned.action) ?? 0) + 1);
      }
      if (kept.kind === "held") {
        // before anything else happened: what is served must verify with what was published an hour ago
        if (now > start) check(kept.state, now, published);
        published = trustedCertificates(kept.state);
      }
    }
    return actions;
  };

  it("serves nothing at any time that what is published does not verify, and is valid", () => {
    live(({ leaf }, now, published) => {
      expect(published.some(({ publicKey }) => verifies(leaf!.certificate, publicKey))).to.equal(true);
      expect(leaf!.notAfter, new Date(now).toISOString()).to.be.above(now);
      expect(leaf!.notBefore).to.be.below(now);
    });
  });

  it("rotates a CA about once a year and a certificate about every two months, and goes through each step of it", () => {
    const actions = live(({ previous }) => expect(previous.length).to.be.below(2));
    expect(Object.fromEntries(actions)).to.deep.equal({
      create: 1,
      // after 60, 120, 180, 240 and 300 days of each CA; after 335 the next one signs
      sign: 3 * 5 + 1,
      announce: 3,
      notePublished: 3,
      promote: 3,
      retire: 3,
    });
  });
});

function verifies(certificate: string, publicKey: X509Certificate["publicKey"]): boolean {
  return new X509Certificate(certificate).verify(publicKey);
}
