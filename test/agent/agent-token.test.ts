import { expect } from "chai";
import { agentToken } from "../../src/agent/agent-token.ts";
import { Secret } from "../../src/secret.ts";

describe("agentToken", () => {
  const token = { token: new Secret("t"), requestedAt: 0, expiresAt: 600_000 };
  const askAgainAt = (now: number): number =>
    agentToken(token, { now: () => now, random: () => 0 }).askAgainAt;

  it("is asked for again in a minute, so that a replaced configuration is noticed", () => {
    expect(askAgainAt(0)).to.equal(60_000);
    expect(askAgainAt(400_000)).to.equal(460_000);
  });

  it("is asked for again at 80 % of its life, where that comes first", () => {
    expect(askAgainAt(450_000)).to.equal(480_000);
  });

  it("is asked for again in ten seconds where it should have been renewed by now, and never after its end", () => {
    expect(askAgainAt(500_000)).to.equal(510_000);
    expect(askAgainAt(595_000)).to.equal(600_000);
  });
});
