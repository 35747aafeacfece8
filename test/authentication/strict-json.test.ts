import { expect } from "chai";
import fc from "fast-check";
import { ownMember, parseStrictObject } from "../../src/authentication/strict-json.ts";
import { CountersignError, errorCodeOf } from "../../src/errors.ts";

const parse = (text: string): unknown => parseStrictObject(text, "token payload");

describe("parseStrictObject", () => {
  it("decodes an object as JSON.parse does", () => {
    const value = { a: [1, -2.5e3, null, true], b: { "kubernetes.io": { c: 'é"\\\n' } }, "": [] };
    expect(parse(JSON.stringify(value, undefined, " \t"))).to.deep.equal(value);
  });

  const refused: Readonly<Record<string, readonly [string, RegExp]>> = {
    nothing: ["", /not JSON/],
    "half an object": ['{"a":', /not JSON/],
    "an open string": ['{"a', /not JSON/],
    "text behind it": ['{"a":1}x', /not JSON/],
    "a comment": ['{/**/"a":1}', /not JSON/],
    "a byte order mark": ['\ufeff{"a":1}', /not JSON/],
    NaN: ['{"a":NaN}', /not JSON/],
    "a list": ["[1]", /not a JSON object/],
    "a string": ['"sub"', /not a JSON object/],
    null: ["null", /not a JSON object/],
    "a member twice": ['{"exp":1,"exp":2}', /twice/],
    "a member twice with other members and spaces between": ['{"a" : 1, "b":[{}] ,"a"\n:2}', /twice/],
    "a member twice further down": ['{"a":[{"b":{"c":1,"c":1}}]}', /twice/],
    "__proto__ twice": ['{"__proto__":1,"__proto__":2}', /twice/],
    "an escaped member name": ['{"\\u0065xp":1}', /escapes a member name/],
    "an escaped member name further down": ['{"a":{"b\\n":1}}', /escapes a member name/],
    "the same name, once escaped": ['{"exp":1,"\\u0065xp":2}', /escapes a member name/],
    "the text of nodejs/node#63785": ['{"h":1,"\\"":2}', /escapes a member name/],
    "nesting beyond 16": [`{"a":${"[".repeat(16)}${"]".repeat(16)}}`, /deeper than 16/],
    "nesting beyond any stack": [`{"a":${"[".repeat(100_000)}`, /deeper than 16/],
  };
  for (const [name, [text, message]] of Object.entries(refused))
    it(`refuses ${name}`, () =>
      expect(() => parse(text))
        .to.throw(CountersignError, message)
        .with.property("code", "ERR_TOKEN_MALFORMED"));

  it("names the part and never quotes the text", () =>
    expect(() => parse('{"hunter2":')).to.throw(/^token payload (?!.*hunter2)/));

  it("takes escapes in values, where they say nothing of a member", () =>
    expect(parse('{"a":"\\u0065\\":\\\\","b":1}')).to.deep.equal({ a: 'e":\\', b: 1 }));

  it("takes a colon and a brace inside strings for what they are", () =>
    expect(parse('{"a":"x\\":[{","b":"\\\\"}')).to.deep.equal({ a: 'x":[{', b: "\\" }));

  it("takes 16 levels", () =>
    expect(parse(`{"a":${"[".repeat(15)}${"]".repeat(15)}}`)).to.have.property("a"));

  it("keeps __proto__ a member like any other", () => {
    const value = parse('{"__proto__":{"exp":1}}') as Readonly<Record<string, unknown>>;
    expect(ownMember(value, "exp")).to.equal(undefined);
    expect(ownMember(value, "__proto__")).to.deep.equal({ exp: 1 });
    expect(ownMember(value, "toString")).to.equal(undefined);
  });

  it("agrees with JSON.parse on every object without an escaped name, and refuses what it refuses", () => {
    const plainName = fc.stringMatching(/^[a-z._{}[\]:, -]{0,6}$/);
    const values = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constant(null),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(plainName, tie("any"), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(plainName, values.any, { noNullPrototype: true }), (object) => {
        const text = JSON.stringify(object);
        expect(parse(text)).to.deep.equal(JSON.parse(text));
      }),
    );
  });

  it("ends, with a code, on any text", () => {
    const scrap = fc.constantFrom(
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "a",
      "1",
      "\\u",
      " ",
      "\u00e9",
      "null",
    );
    fc.assert(
      fc.property(
        fc.array(scrap).map((scraps) => scraps.join("")),
        (text) => {
          try {
            parse(text);
            expect(JSON.parse(text)).to.be.an("object");
          } catch (error) {
            expect(errorCodeOf(error)).to.equal("ERR_TOKEN_MALFORMED");
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
