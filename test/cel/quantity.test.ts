import { expect } from "chai";
import fc from "fast-check";
import { parseQuantity } from "../../src/cel/quantity.ts";

const billion = 1_000_000_000n;

describe("parseQuantity", () => {
  for (const [text, nanos] of [
    ["0", 0n],
    ["1", billion],
    ["-1", -billion],
    ["+1.5", 1_500_000_000n],
    [".5", 500_000_000n],
    ["1.", billion],
    ["1n", 1n],
    ["1u", 1_000n],
    ["100m", 100_000_000n],
    ["1k", 1_000n * billion],
    ["1Ki", 1_024n * billion],
    ["1.5Gi", 1_610_612_736n * billion],
    ["1E", 10n ** 18n * billion],
    ["1Ei", 2n ** 60n * billion],
    ["1e3", 1_000n * billion],
    ["1E3", 1_000n * billion],
    ["1E-3", 1_000_000n],
    ["0.1n", 1n],
    ["-0.1n", -1n],
    ["1.0000000001", 1_000_000_001n],
    ["0e999999999", 0n],
    ["1e-999999999", 1n],
    ["1e999999999", (2n ** 63n - 1n) * billion],
    ["-10E", -(10n ** 19n) * billion],
    ["-10000000000000000000", -(2n ** 63n - 1n) * billion],
    ["9223372036854775807", (2n ** 63n - 1n) * billion],
  ] as const)
    it(`reads ${text}`, () => expect(parseQuantity(text).nanos).to.equal(nanos));

  for (const text of [
    "",
    ".",
    "-",
    "Gi",
    "1gb",
    "1 ",
    " 1",
    "1Kii",
    "1K",
    "1mi",
    "0x1",
    "1e",
    "1e1.5",
    "1,000",
    "1ee3",
    "∞",
  ])
    it(`refuses ${JSON.stringify(text)}`, () => expect(() => parseQuantity(text)).to.throw(/quantities/));

  it("is exact for any whole number of billionths", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 27n }), (nanos) => {
        const digits = nanos.toString().padStart(10, "0");
        return (
          parseQuantity(`${digits.slice(0, -9)}.${digits.slice(-9)}`).nanos === nanos &&
          parseQuantity(`${nanos}n`).nanos === nanos
        );
      }),
    );
  });
});
