import { expect } from "chai";
import { keepFixedFields } from "../../src/configuration/fixed-fields.ts";

interface Example {
  readonly listen: { readonly port: number };
  readonly tracing?: string;
  readonly rest: string;
}

describe("keepFixedFields", () => {
  const lines: unknown[] = [];
  const log = { write: (level: string, _: string, fields?: object) => void lines.push([level, fields]) };
  const keep = (next: Example, current: Example): Example =>
    keepFixedFields({ next, current, fields: ["listen", "tracing"], log });
  beforeEach(() => {
    lines.length = 0;
  });

  it("takes all that may change, and says nothing where nothing else did", () => {
    const current = { listen: { port: 1 }, rest: "a" };
    expect(keep({ listen: { port: 1 }, rest: "b" }, current)).to.deep.equal({
      listen: { port: 1 },
      rest: "b",
    });
    expect(lines).to.deep.equal([]);
  });

  it("leaves what may not, what is new and what is gone included, and names it", () => {
    const plain = { listen: { port: 1 }, rest: "a" };
    const traced = { listen: { port: 2 }, tracing: "t", rest: "b" };
    expect(keep(traced, plain)).to.deep.equal({ listen: { port: 1 }, rest: "b" });
    expect(keep(plain, traced)).to.deep.equal({ listen: { port: 2 }, tracing: "t", rest: "a" });
    expect(lines).to.deep.equal([
      ["warn", { fields: ["listen", "tracing"] }],
      ["warn", { fields: ["listen", "tracing"] }],
    ]);
  });
});
