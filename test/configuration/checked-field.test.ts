import { expect } from "chai";
import {
  type CheckedField,
  checkedErrors,
  checkedWarnings,
  faultOf,
} from "../../src/configuration/checked-field.ts";
import { CountersignError } from "../../src/errors.ts";

const checked = { file: "server.yaml", text: "kind: A\nwebhooks:\n  - path: /a\n    policy: {file: x.ts}\n" };
const found: readonly CheckedField[] = [
  { severity: "warning", path: ["webhooks", 0, "path"], message: "odd" },
  { severity: "error", path: ["webhooks", 0, "policy", "file"], message: "is not there" },
  { severity: "error", path: ["kind"], message: "is wrong" },
];

describe("checked fields", () => {
  it("become one error with a line for each, where the field stands", () => {
    const error = checkedErrors(found, checked);
    expect(error).to.be.instanceOf(CountersignError).with.property("code", "ERR_CONFIGURATION");
    expect(error?.message.split("\n")).to.deep.equal([
      "2 faults in the configuration",
      "server.yaml:1:7: kind: is wrong",
      "server.yaml:4:20: webhooks[0].policy.file: is not there",
    ]);
  });

  it("are no error where there are warnings alone", () =>
    expect(checkedErrors(found.slice(0, 1), checked)).to.equal(undefined));

  it("become a line for each warning", () =>
    expect(checkedWarnings(found, checked)).to.deep.equal([
      "server.yaml:3:11: webhooks[0].path: warning: odd",
    ]));

  it("come of what a check throws, unless that is a fault of ours", async () => {
    const throwing = (error: Error) => () => Promise.reject(error);
    expect(await faultOf(["a"], () => "fine")).to.deep.equal([]);
    expect(await faultOf(["a"], throwing(new CountersignError("ERR_POLICY_INVALID", "bad")))).to.deep.equal([
      { severity: "error", path: ["a"], message: "bad" },
    ]);
    const fault: unknown = await faultOf(["a"], throwing(new TypeError("ours"))).catch(
      (error: unknown) => error,
    );
    expect(fault).to.be.instanceOf(TypeError);
  });
});
