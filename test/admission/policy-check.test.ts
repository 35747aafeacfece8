import { expect } from "chai";
import { assertPolicy, validatePolicy } from "../../src/admission/policy-check.ts";
import { expectCode } from "./coded-error.ts";
import { match } from "./policy-fixtures.ts";

const validate = (): boolean => true;
const good = { name: "images", match, validate };

describe("validatePolicy", () => {
  it("finds nothing wrong with a policy for its route", () => {
    expect(validatePolicy(good, { mutating: false })).to.deep.equal([]);
    expect(validatePolicy({ ...good, mutate: validate }, { mutating: true })).to.deep.equal([]);
    expect(validatePolicy({ name: "m", match, mutate: validate }, { mutating: true })).to.deep.equal([]);
  });

  const faulty: readonly [unknown, string][] = [
    [undefined, "it is not an object"],
    [null, "it is not an object"],
    [validate, "it is not an object"],
    [[good], "it is not an object"],
    [{ ...good, name: "" }, "name must be a string that is not empty"],
    [{ match, validate }, "name must be a string that is not empty"],
    [{ name: "x", validate }, "match is missing: a policy says which requests it judges"],
    [{ ...good, match: [] }, "match must list at least one rule"],
    [
      { ...good, match: [{ ...match[0], operations: ["READ"] }] },
      'match[0].operations: "READ" is none of CREATE, UPDATE, DELETE, CONNECT and *',
    ],
    [{ name: "x", match }, "it has neither validate nor mutate"],
    [{ ...good, validate: true }, "validate must be a function"],
    [{ ...good, mutate: validate }, "mutate is only for routes of a mutating webhook: this one validates"],
    [{ ...good, validates: validate }, "validates is no member of a policy"],
  ];
  for (const [policy, fault] of faulty)
    it(fault, () => {
      expect(validatePolicy(policy, { mutating: false })).to.deep.equal([fault]);
    });

  it("says everything at once, and where it stands", () => {
    expectCode("ERR_POLICY_INVALID", /^images\.ts: name must .*; match is missing.*; it has neither/, () =>
      assertPolicy({}, { mutating: false, source: "images.ts" }),
    );
  });
});
