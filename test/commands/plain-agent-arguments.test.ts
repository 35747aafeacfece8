import { expect } from "chai";
import { checkExecCredentialFlags, execCredentialFlags } from "../../src/commands/exec-credential-flags.ts";
import { parseFlags } from "../../src/commands/flags.ts";
import { plainAgentArguments } from "../../src/commands/plain-agent-arguments.ts";

describe("plainAgentArguments", () => {
  for (const args of [
    ["--socket", "/run/a"],
    ["--socket", "/run/a", "--on-failure", "fail"],
    ["--socket", "/run/a", "--on-failure", "placeholder"],
  ])
    it(`reads ${args.join(" ")} as the flags' parser does`, () => {
      const parsed = checkExecCredentialFlags(parseFlags(execCredentialFlags, args).flags);
      expect(plainAgentArguments(args)).to.deep.equal(parsed);
    });

  for (const args of [
    [],
    ["--socket"],
    ["--socket=/run/a"],
    ["--socket", "--help"],
    ["--on-failure", "fail", "--socket", "/run/a"],
    ["--socket", "/run/a", "--on-failure", "maybe"],
    ["--socket", "/run/a", "--on-failure"],
    ["--socket", "/run/a", "--help"],
    ["--socket", "/run/a", "--on-failure", "fail", "x"],
  ])
    it(`leaves "${args.join(" ")}" to the flags' parser`, () =>
      expect(plainAgentArguments(args)).to.equal(undefined));
});
