import { expect } from "chai";
import { template, type Values } from "./helm.ts";

/** What contradicts, and what the sentence about it names. */
export type Contradictions = readonly (readonly [what: string, values: Values, says: readonly string[]])[];

/** What the schema does not know, and where. */
export type Malformed = readonly (readonly [what: string, values: Values, says: string])[];

/** What only looks like it. */
export type Harmless = Readonly<Record<string, Values>>;

export interface GuardRails {
  readonly contradictions: Contradictions;
  readonly malformed: Malformed;
  readonly fine: Harmless;
}

/** Declares the tests of values that are refused before anything is applied, and of those that are not. */
export function describeGuardRails({ contradictions, malformed, fine }: GuardRails): void {
  describe("that contradict fail with a sentence that says what to change", () => {
    for (const [what, values, says] of contradictions)
      it(what, async () => {
        const { code, stdout, stderr } = await template(values);
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
        for (const words of says) expect(stderr).to.include(words);
      });
  });

  describe("that the schema does not know are refused, with their place", () => {
    for (const [what, values, says] of malformed)
      it(what, async () => {
        const { code, stderr } = await template(values);
        expect(code).to.equal(1);
        expect(stderr).to.match(/don't meet the specifications of the schema/);
        expect(stderr).to.include(says);
      });
  });

  describe("that only look like it render", () => {
    for (const [what, values] of Object.entries(fine))
      it(what, async () => {
        const { code, stderr } = await template(values);
        expect(code, stderr).to.equal(0);
      });
  });
}
