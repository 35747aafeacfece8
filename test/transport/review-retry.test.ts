import { expect } from "chai";
import { CountersignError } from "../../src/errors.ts";
import { apiStatusError } from "../../src/transport/api-status.ts";
import { withReviewRetries } from "../../src/transport/review-retry.ts";
import { rejectionOf } from "../rejection.ts";

const status = (code: number, more: object = {}): CountersignError =>
  apiStatusError("POST /x", code, { kind: "Status", ...more });
const transport = (code: string): CountersignError =>
  new CountersignError("ERR_TRANSPORT", "x", { cause: Object.assign(new Error(code), { code }) });

describe("withReviewRetries", () => {
  let calls: number;
  let pauses: number[];
  const options = {
    clock: { now: () => 0, random: () => 0 },
    pause: async (ms: number) => void pauses.push(ms),
  };
  const failing = (...errors: unknown[]) =>
    withReviewRetries(async () => {
      const error = errors[calls++];
      if (error !== undefined) throw error;
      return "answer";
    }, options);
  beforeEach(() => {
    [calls, pauses] = [0, []];
  });

  for (const [what, error] of [
    ["an internal error", status(500)],
    ["a timeout", status(504)],
    ["too many requests", status(429)],
    ["a reason that says so", status(503, { reason: "Timeout" })],
    ["an answer that says when", status(503, { details: { retryAfterSeconds: 0 } })],
    ["a connection that was reset", transport("ECONNRESET")],
    ["a connection that was closed", transport("UND_ERR_SOCKET")],
  ] as const)
    it(`asks again after ${what}`, async () => {
      expect(await failing(error)).to.equal("answer");
      expect(calls).to.equal(2);
    });

  for (const [what, error] of [
    ["401", status(401)],
    ["403", status(403)],
    ["404", status(404)],
    ["503 without more", status(503)],
    ["an answer that says to come back much later", status(429, { details: { retryAfterSeconds: 31 } })],
    ["a redirect", status(307)],
    ["a refused connection", transport("ECONNREFUSED")],
    ["a certificate that is not trusted", transport("SELF_SIGNED_CERT_IN_CHAIN")],
    ["a deadline", new CountersignError("ERR_TRANSPORT_TIMEOUT", "x")],
    ["an answer that is no JSON", new SyntaxError("x")],
  ] as const)
    it(`${what} stands`, async () => {
      const thrown = await failing(error, error).catch((reason: unknown) => reason);
      expect([thrown, calls]).to.deep.equal([error, 1]);
    });

  it("asks five times at most, and waits longer each time", async () => {
    const error = status(500);
    expect(await rejectionOf(failing(error, error, error, error, error, error))).to.equal(error);
    expect([calls, pauses]).to.deep.equal([5, [500, 750, 1125, 1687.5]]);
  });

  it("adds up to a fifth by chance", async () => {
    await withReviewRetries(
      async () => {
        if (calls++ === 0) throw status(500);
      },
      { ...options, clock: { now: () => 0, random: () => 0.5 } },
    );
    expect(pauses).to.deep.equal([550]);
  });

  it("waits as long as it was told, where that is longer", async () => {
    await failing(status(429, { details: { retryAfterSeconds: 7 } }));
    expect(pauses).to.deep.equal([7_000]);
  });

  it("a caller that gives up ends the wait, with its own reason", async () => {
    const caller = new AbortController();
    const reason = new Error("gone");
    const waiting = withReviewRetries(
      () => {
        setImmediate(() => caller.abort(reason));
        return Promise.reject(status(500));
      },
      { signal: caller.signal },
    ).catch((error: unknown) => error);
    expect(await waiting).to.equal(reason);
  });
});
