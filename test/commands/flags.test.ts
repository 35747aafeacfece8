import { expect } from "chai";
import fc from "fast-check";
import { type FlagTable, parseFlags } from "../../src/commands/flags.ts";
import { CountersignError } from "../../src/errors.ts";

const table = {
  output: { type: "string", short: "o", choices: ["table", "json", "yaml"], default: "table", summary: "" },
  namespace: { type: "string", short: "n", value: "NS", summary: "" },
  audience: { type: "string", multiple: true, value: "A", summary: "" },
  keep: { type: "boolean", short: "k", summary: "" },
} as const satisfies FlagTable;

const flagsOf = (...args: string[]) => parseFlags(table, args).flags;

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(CountersignError).with.property("code", "ERR_USAGE");
    return (error as Error).message;
  }
  return expect.fail("nothing was refused");
}

describe("parseFlags", () => {
  it("gives defaults where nothing was given", () => {
    expect(flagsOf()).to.deep.include({ output: "table", audience: [], keep: false });
    expect(flagsOf().namespace).to.equal(undefined);
  });

  for (const args of [["--namespace", "a"], ["--namespace=a"], ["-n", "a"], ["-na"], ["-n=a"], ["-kna"]])
    it(`reads ${args.join(" ")} as kubectl does`, () => expect(flagsOf(...args).namespace).to.equal("a"));

  it("collects a repeatable flag in order", () => {
    expect(flagsOf("--audience", "b", "--audience=a").audience).to.deep.equal(["b", "a"]);
  });

  it("takes true and false for a boolean, and nothing else", () => {
    expect(flagsOf("--keep").keep).to.equal(true);
    expect(flagsOf("--keep=true").keep).to.equal(true);
    expect(flagsOf("--keep=false").keep).to.equal(false);
    expect(refusal(() => flagsOf("--keep=no"))).to.equal("--keep=no: must be true or false");
  });

  it("tells operands from flags, and leaves everything after -- alone", () => {
    const { operands, flags } = parseFlags(table, ["a", "--keep", "b", "--", "--namespace"]);
    expect(operands).to.deep.equal(["a", "b", "--namespace"]);
    expect(flags).to.include({ keep: true, namespace: undefined });
  });

  it("takes - for a value, which means stdin", () => expect(flagsOf("-n", "-").namespace).to.equal("-"));

  it("takes a value that starts with a dash behind an equals sign", () =>
    expect(flagsOf("--namespace=-x").namespace).to.equal("-x"));

  it("names an unknown flag and the nearest known one", () => {
    expect(refusal(() => flagsOf("--audiense", "a"))).to.equal(
      "unknown flag --audiense (did you mean --audience?)",
    );
    expect(refusal(() => flagsOf("-z"))).to.equal("unknown flag -z");
  });

  it("does not swallow the next flag as a value", () => {
    expect(refusal(() => flagsOf("--namespace", "--keep"))).to.match(/^--namespace needs a value \(NS\)/);
    expect(refusal(() => flagsOf("--namespace"))).to.equal("--namespace needs a value (NS)");
  });

  it("refuses a flag that is given twice, rather than choose one", () => {
    expect(refusal(() => flagsOf("-n", "a", "--namespace=b"))).to.equal("--namespace is given twice");
  });

  it("names the choices, and the nearest of them", () => {
    expect(refusal(() => flagsOf("-o", "jsno"))).to.equal(
      "--output=jsno: must be one of table, json, yaml (did you mean json?)",
    );
  });

  it("names a required flag that is missing", () => {
    const required = { file: { type: "string", value: "FILE", required: true, summary: "" } } as const;
    expect(refusal(() => parseFlags(required, []))).to.equal("--file is required (FILE)");
  });

  it("takes no flag for known because every object has one of that name", () => {
    for (const name of ["constructor", "__proto__", "toString"])
      expect(refusal(() => flagsOf(`--${name}`, "x"))).to.equal(`unknown flag --${name}`);
  });

  it("answers or refuses any arguments at all, and throws nothing else", () => {
    const argument = fc.oneof(
      fc.string(),
      fc.constantFrom("--", "-", "--audience", "-n", "--keep=", "-o=json"),
    );
    fc.assert(
      fc.property(fc.array(argument), (args) => {
        try {
          parseFlags(table, args);
        } catch (error) {
          expect(error).to.be.instanceOf(CountersignError);
        }
      }),
    );
  });
});
