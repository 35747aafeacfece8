import { expect } from "chai";
import {
  createExecTokenProvider,
  type ExecTokenProviderOptions,
} from "../../src/credentials/exec-token-provider.ts";
import type { TokenFiles } from "../../src/credentials/private-token-files.ts";
import type { Token } from "../../src/credentials/token-source.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";

const minuteMs = 60_000;
const tenMinutesMs = 10 * minuteMs;
const never = new AbortController().signal;
const refused = new CountersignError("ERR_TOKEN_REQUEST_ATTEST", "no grant");

const minted = (text: string, requestedAt: number): Token => ({
  token: new Secret(text),
  requestedAt,
  expiresAt: requestedAt + tenMinutesMs,
});

/** A folder in memory, a clock that stands, a source that counts. */
function rig(options: Partial<ExecTokenProviderOptions> = {}) {
  const kept = new Map<string, Token>();
  const files: TokenFiles = {
    read: (key) => kept.get(key),
    write: (key, token) => void kept.set(key, token),
  };
  const state = { now: 0, mints: 0, fails: false, problems: [] as unknown[] };
  const run = () =>
    createExecTokenProvider({
      source: {
        token: async () => {
          state.mints++;
          if (state.fails) throw refused;
          return minted(`token-${state.mints}`, state.now);
        },
      },
      key: "key",
      files,
      onProblem: (error) => state.problems.push(error),
      clock: { now: () => state.now, random: () => 0 },
      ...options,
    });
  return { state, kept, run };
}

describe("createExecTokenProvider", () => {
  it("has nothing to give before the first request", () => expect(rig().run().kept()).to.equal(undefined));

  it("reports the expiry at 80 % of the lifetime, because client-go has no leeway", async () => {
    const { run } = rig();
    expect((await run().renewed(never)).askAgainAt).to.equal(8 * minuteMs);
  });

  it("gives the next run the same token without a request until then", async () => {
    const { state, run } = rig();
    await run().renewed(never);
    state.now = 8 * minuteMs - 1;
    expect(run().kept()?.token.reveal()).to.equal("token-1");
    expect(run().kept()?.askAgainAt).to.equal(8 * minuteMs);
    state.now = 8 * minuteMs;
    expect(run().kept()).to.equal(undefined);
    expect(state.mints).to.equal(1);
  });

  it("hands out the old token for ten seconds where renewal fails, and says why", async () => {
    const { state, run } = rig();
    await run().renewed(never);
    Object.assign(state, { now: 9 * minuteMs, fails: true });
    const { token, askAgainAt } = await run().renewed(never);
    expect([token.reveal(), askAgainAt]).to.deep.equal(["token-1", 9 * minuteMs + 10_000]);
    expect(state.problems).to.deep.equal([refused]);
  });

  it("never reports an expiry behind the real one", async () => {
    const { state, run } = rig();
    await run().renewed(never);
    Object.assign(state, { now: tenMinutesMs - 3_000, fails: true });
    expect((await run().renewed(never)).askAgainAt).to.equal(tenMinutesMs);
  });

  it("never hands out a token at or after its expiry", async () => {
    const { state, run } = rig();
    await run().renewed(never);
    Object.assign(state, { now: tenMinutesMs, fails: true });
    expect(
      await run()
        .renewed(never)
        .catch((error: unknown) => error),
    ).to.equal(refused);
  });

  it("does not trust a kept token when the clock has moved back before it was asked for", async () => {
    const { state, run } = rig();
    state.now = tenMinutesMs;
    await run().renewed(never);
    Object.assign(state, { now: minuteMs, fails: true });
    expect(run().kept()).to.equal(undefined);
    expect(
      await run()
        .renewed(never)
        .catch((error: unknown) => error),
    ).to.equal(refused);
  });

  it("passes the source's error on where no token is kept", async () => {
    const { state, run } = rig();
    state.fails = true;
    expect(
      await run()
        .renewed(never)
        .catch((error: unknown) => error),
    ).to.equal(refused);
  });

  it("refuses a token that was expired when it came, and names the skew", async () => {
    const { run } = rig({ source: { token: async () => ({ ...minted("late", -2 * tenMinutesMs) }) } });
    expect(
      await run()
        .renewed(never)
        .catch((error: unknown) => error),
    ).to.include({
      code: "ERR_TOKEN_EXPIRED_ON_ARRIVAL",
    });
  });

  it("does not wait for a source that heeds no signal", async () => {
    const { run } = rig({ source: { token: () => new Promise(() => undefined) } });
    const late = new Error("late");
    expect(
      await run()
        .renewed(AbortSignal.abort(late))
        .catch((error: unknown) => error),
    ).to.equal(late);
    const controller = new AbortController();
    const waiting = run().renewed(controller.signal);
    controller.abort(late);
    expect(await waiting.catch((error: unknown) => error)).to.equal(late);
  });

  it("gives a token although it could neither be read from the folder nor kept there", async () => {
    const broken = new CountersignError("ERR_CONFIGURATION", "has mode 0777");
    const fail = (): never => {
      throw broken;
    };
    const { state, run } = rig({ files: { read: fail, write: fail } });
    const provider = run();
    expect(provider.kept()).to.equal(undefined);
    expect((await provider.renewed(never)).token.reveal()).to.equal("token-1");
    expect(state.problems, "once is enough").to.deep.equal([broken]);
  });

  it("works without a folder", async () => {
    const provider = createExecTokenProvider({
      source: { token: async () => minted("t", Date.now()) },
      key: "key",
    });
    expect(provider.kept()).to.equal(undefined);
    expect((await provider.renewed(never)).token.reveal()).to.equal("t");
  });
});
