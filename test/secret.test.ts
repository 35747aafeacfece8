import { inspect } from "node:util";
import { expect } from "chai";
import { Secret } from "../src/secret.ts";

describe("Secret", () => {
  const secret = new Secret("s3cret-t0ken");

  it("gives its text to whoever asks by name", () => expect(secret.reveal()).to.equal("s3cret-t0ken"));

  const printings: Record<string, () => string> = {
    String: () => String(secret),
    "a template": () => `${secret}`,
    concatenation: () => `a${secret}`,
    "JSON.stringify": () => JSON.stringify({ secret }),
    "util.inspect": () => inspect(secret),
    "util.inspect of what holds it, hidden members shown": () =>
      inspect({ deep: { secret } }, { showHidden: true, depth: 9 }),
    "an error's message": () => inspect(new Error(`failed with ${secret}`)),
    "its own properties": () =>
      JSON.stringify(Object.entries(secret)) + Object.getOwnPropertyNames(secret).join(),
  };
  for (const [way, print] of Object.entries(printings))
    it(`does not print by ${way}`, () => expect(print()).to.not.contain("s3cret"));
});
