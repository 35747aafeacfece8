import { expect } from "chai";
import { isCurrent, schemas } from "../../scripts/schemas.ts";

describe("configuration/schemas", () => {
  for (const entry of schemas)
    it(`${entry.title} is what the types say: \`node scripts/schemas.ts\` writes it anew`, () => {
      expect(isCurrent(entry)).to.equal(true);
    });
});
