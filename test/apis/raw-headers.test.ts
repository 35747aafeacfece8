import { expect } from "chai";
import { headerKey, headerText, headerValues } from "../../src/apis/raw-headers.ts";

describe("raw headers", () => {
  const headers = [
    "Authorization",
    "one",
    "X-Authorization",
    "no",
    "authorization",
    "two",
    "Host",
    "authorization",
  ];

  it("give every value of a name, in order, however it is written", () => {
    expect(headerValues(headers, "authorization")).to.deep.equal(["one", "two"]);
  });

  it("do not take a value for a name", () => {
    expect(headerValues(headers, "one")).to.deep.equal([]);
  });

  it("give nothing of a name that is not there, not even of one of an object's own", () => {
    for (const name of ["cookie", "constructor", "__proto__", ""])
      expect(headerValues(headers, name)).to.deep.equal([]);
  });

  it("are UTF-8, though Node reads each byte as a character", () => {
    expect(headerText(Buffer.from("Jürgen 漢").toString("latin1"))).to.equal("Jürgen 漢");
  });

  const keys = [
    ["scopes", "scopes"],
    ["example.com%2fkey", "example.com/key"],
    ["%E6%BC%A2", "漢"],
    ["50%", "50%"],
    ["%zz%2f", "%zz%2f"],
    ["%ff", "%ff"],
  ] as const;
  for (const [escaped, key] of keys)
    it(`have the key ${key} of ${escaped}`, () => expect(headerKey(escaped)).to.equal(key));
});
