import { expect } from "chai";
import { decodeSignedToken } from "../../src/authentication/signed-token.ts";
import { lifetimeCheck, timeChecks } from "../../src/authentication/time-checks.ts";
import { boundClaims, type Claims, mint, noon } from "./minting.ts";

const tokenWith = (claims: Claims) => decodeSignedToken(mint({ claims: boundClaims(claims) }));

/** The names of the checks that fail at this instant, in milliseconds after noon. */
const failing = (claims: Claims, afterNoonMs: number, leewaySeconds?: number): readonly string[] =>
  timeChecks(leewaySeconds)
    .filter((check) => !check.passes(tokenWith(claims), noon * 1000 + afterNoonMs))
    .map(({ name }) => name);

describe("timeChecks", () => {
  const rows: readonly (readonly [string, Claims, number, number | undefined, readonly string[]])[] = [
    ["a millisecond before exp", { exp: noon + 1 }, 999, undefined, []],
    ["at exp", { exp: noon + 1 }, 1000, undefined, ["expiry"]],
    ["at exp, however much leeway there is", { exp: noon + 1 }, 1000, 3600, ["expiry"]],
    ["a minute before nbf", { nbf: noon + 60 }, 0, undefined, []],
    ["a millisecond more before nbf", { nbf: noon + 60 }, -1, undefined, ["not before"]],
    ["a minute before iat", { iat: noon + 60 }, 0, undefined, []],
    ["a millisecond more before iat", { iat: noon + 60 }, -1, undefined, ["issued at"]],
    [
      "before nbf and iat, without leeway",
      { nbf: noon + 1, iat: noon + 1 },
      0,
      0,
      ["not before", "issued at"],
    ],
    ["at nbf and iat, without leeway", { nbf: noon, iat: noon }, 0, 0, []],
    ["halves of a second", { exp: noon + 0.5 }, 499, undefined, []],
    ["after half a second", { exp: noon + 0.5 }, 500, undefined, ["expiry"]],
  ];
  for (const [name, claims, at, leeway, expected] of rows)
    it(`${name}: ${expected.join(" and ") || "passes"}`, () =>
      expect(failing(claims, at, leeway)).to.deep.equal(expected));

  it("compare instants that a person can read", () => {
    const [expiry] = timeChecks();
    expect(expiry!.compared(tokenWith({ exp: noon }), noon * 1000)).to.deep.equal({
      expected: "exp after 2026-11-21T08:00:00.000Z",
      actual: "2026-11-21T08:00:00.000Z",
    });
  });

  it("can name the last instant there is", () => {
    const [expiry] = timeChecks();
    expect(expiry!.compared(tokenWith({ exp: 8.64e12 }), 0).actual).to.equal("+275760-09-13T00:00:00.000Z");
  });
});

describe("lifetimeCheck", () => {
  const rows: readonly (readonly [number, boolean])[] = [
    [-1, false],
    [0, false],
    [1, true],
    [600, true],
    [601, false],
  ];
  for (const [lifetime, passes] of rows)
    it(`${passes ? "takes" : "refuses"} ${lifetime} s of 600`, () => {
      const token = tokenWith({ iat: noon, exp: noon + lifetime });
      expect(lifetimeCheck(600).passes(token, 0)).to.equal(passes);
      expect(lifetimeCheck(600).compared(token, 0).actual).to.equal(`${lifetime} s`);
    });
});
