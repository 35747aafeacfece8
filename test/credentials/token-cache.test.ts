import { expect } from "chai";
import fc from "fast-check";
import type { TokenRequest } from "../../src/apis/authentication.ts";
import { createTokenCache, tokenCacheKey } from "../../src/credentials/token-cache.ts";
import type { TokenIntent } from "../../src/credentials/token-request.ts";
import { CountersignError } from "../../src/errors.ts";
import { rejectionOf } from "../rejection.ts";
import { attested, replyTo, serviceAccount } from "./token-request-rig.ts";

function rig(maxEntries = 100) {
  const clock = { at: Date.UTC(2026, 0, 1), now: () => clock.at, random: () => 0 };
  const asked: TokenRequest[] = [];
  const rig = { clock, asked, failure: undefined as Error | undefined };
  const cache = createTokenCache({
    server: "https://kube",
    maxEntries,
    clock,
    client: {
      async createToken(_, request) {
        asked.push(request);
        await new Promise((resolve) => setImmediate(resolve));
        if (rig.failure !== undefined) throw rig.failure;
        return { status: 201, body: replyTo(request, clock.at) };
      },
    },
  });
  return Object.assign(rig, {
    cache,
    source: (intent: TokenIntent = attested) => cache.source(serviceAccount, intent),
  });
}

const withUid = (uid: string): TokenIntent => ({
  ...attested,
  configuration: { ...attested.configuration, uid },
});

describe("token cache", () => {
  it("makes one TokenRequest for a thousand concurrent first callers", async () => {
    const { source, asked } = rig();
    const tokens = await Promise.all(Array.from({ length: 1_000 }, () => source().token()));
    expect(new Set(tokens.map(({ token }) => token.reveal())).size).to.equal(1);
    expect(asked).to.have.length(1);
  });

  it("gives equal intents one source, and different ones different sources", () => {
    const { cache } = rig();
    const different: TokenIntent[] = [
      attested,
      { ...attested, apiGroup: "batch" },
      { ...attested, audience: "https://svc.ns.svc:443/v/" },
      { ...attested, configuration: { ...attested.configuration, kind: "MutatingWebhookConfiguration" } },
      { ...attested, configuration: { ...attested.configuration, name: "d" } },
      { mode: "audience", audiences: ["a", "b"] },
      { mode: "audience", audiences: ["b", "a"] },
      { mode: "audience", audiences: ["a,b"] },
    ];
    expect(new Set(different.map((intent) => cache.source(serviceAccount, intent))).size).to.equal(
      different.length,
    );
    expect(cache.source(serviceAccount, { ...attested })).to.equal(
      cache.source({ ...serviceAccount }, attested),
    );
    expect(cache.source({ ...serviceAccount, name: "other" }, attested)).to.not.equal(
      cache.source(serviceAccount, attested),
    );
  });

  it("has keys that no two requests share by concatenation", () => {
    const part = fc.constantFrom("a", "b", "ab", "a/b", '"', ",", "");
    const parts = fc.array(part, { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const keyOf = ([
          server,
          namespace,
          name,
          configuration,
          uid,
          audience,
          apiGroup,
        ]: readonly string[]) =>
          tokenCacheKey(
            server!,
            { namespace: namespace!, name: name! },
            {
              mode: "attested",
              configuration: { kind: "ValidatingWebhookConfiguration", name: configuration!, uid: uid! },
              audience: audience!,
              apiGroup: apiGroup!,
            },
          );
        expect(keyOf(one) === keyOf(other)).to.equal(one.every((text, index) => text === other[index]));
      }),
    );
  });

  it("is bounded", () => {
    const { cache, source } = rig(3);
    for (let index = 0; index < 10; index++) source({ ...attested, apiGroup: `group-${index}` });
    expect(cache.size).to.equal(3);
  });

  it("drops what was minted under another uid as soon as the new one is asked for", () => {
    const { cache, source } = rig();
    const old = source(withUid("u-1"));
    source({ ...attested, apiGroup: "batch" });
    expect(source(withUid("u-2"))).to.not.equal(old);
    expect(cache.size).to.equal(1);
  });

  it("drops what a changed configuration cannot use any more, and keeps the rest", () => {
    const { cache, source } = rig();
    const kept = source();
    const elsewhere = source({ ...attested, configuration: { ...attested.configuration, name: "d" } });
    const dropped = source({ ...attested, audience: "https://svc.ns.svc:443/old" });
    const { kind, name, uid } = attested.configuration;
    cache.configurationChanged({ kind, name, uid, audiences: [attested.audience] });
    expect(cache.size).to.equal(2);
    expect(source()).to.equal(kept);
    expect(source({ ...attested, audience: "https://svc.ns.svc:443/old" })).to.not.equal(dropped);
    cache.configurationChanged({ kind, name, uid: undefined, audiences: [] });
    expect(cache.size).to.equal(1);
    expect(source({ ...attested, configuration: { ...attested.configuration, name: "d" } })).to.equal(
      elsewhere,
    );
  });

  it("asks a failing API server once a second, then less and less often", async () => {
    const failing = rig();
    failing.failure = new CountersignError("ERR_TRANSPORT", "away");
    const attempts: number[] = [];
    for (let second = 0; second <= 70; second++) {
      const before = failing.asked.length;
      expect(await rejectionOf(failing.source().token())).to.equal(failing.failure);
      if (failing.asked.length > before) attempts.push(second);
      failing.clock.at += 1_000;
    }
    expect(attempts).to.deep.equal([0, 1, 3, 7, 15, 31, 61]);
  });

  it("gives a token again as soon as the API server does", async () => {
    const failing = rig();
    failing.failure = new CountersignError("ERR_TRANSPORT", "away");
    await rejectionOf(failing.source().token());
    failing.failure = undefined;
    await rejectionOf(failing.source().token());
    failing.clock.at += 1_000;
    expect((await failing.source().token()).expiresAt).to.equal(failing.clock.at + 600_000);
  });

  it("is empty after it was closed", () => {
    const { cache, source } = rig();
    source();
    cache.close();
    expect(cache.size).to.equal(0);
  });
});
