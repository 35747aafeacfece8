import { expect } from "chai";
import { validatePolicy } from "../../../src/admission/policy-check.ts";
import { builtInNames } from "../../../src/configuration/built-in-parameters.ts";
import { createBuiltInPolicy } from "../../../src/policies/built-in/built-in-policies.ts";

/** Parameters that each built-in policy takes. */
const parameters = { "trusted-registries": { registries: ["registry.example"] } };

describe("createBuiltInPolicy", () => {
  for (const name of builtInNames) {
    it(`makes ${name}, a policy of that name that only validates`, () => {
      const policy = createBuiltInPolicy(name, parameters[name]);
      expect(policy.name).to.equal(name);
      expect(validatePolicy(policy, { mutating: false })).to.deep.equal([]);
    });

    it(`refuses parameters of ${name} that nobody judged`, () =>
      expect(() => createBuiltInPolicy(name, { no: "such field" })).to.throw());
  }
});
