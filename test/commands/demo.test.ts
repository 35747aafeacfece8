import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { parse } from "yaml";
import { createNarrator } from "../../src/commands/demo/narrator.ts";

const start = (...flags: string[]): ChildProcess =>
  spawn(process.execPath, ["src/commands/countersign.cts", "demo", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });

describe("demo", function () {
  this.timeout(60_000);

  describe("told to its end", () => {
    let output = "";
    let errors = "";
    let code: number | null = null;
    before(async () => {
      const child = start();
      [output, errors, [code]] = await Promise.all([
        text(child.stdout!),
        text(child.stderr!),
        once(child, "exit"),
      ]);
    });

    it("ends by itself with 0, every claim having held", () => {
      expect(errors).to.equal("");
      expect(code).to.equal(0);
      expect(output).to.contain("All of it went as told.").and.not.contain("✘");
    });

    const codes = [
      "ERR_CREDENTIALS_MISSING",
      "ERR_TOKEN_SIGNATURE",
      "ERR_TOKEN_EXPIRED",
      "ERR_TOKEN_AUDIENCE",
      "ERR_GROUP_NOT_ATTESTED",
      "ERR_CALLER_UNNAMED",
      "ERR_AUTHORIZATION_DUPLICATE",
    ];
    for (const reason of codes)
      it(`refuses an attacker for ${reason}`, () =>
        expect(output).to.contain(`refused, in the log: ${reason}`));

    it("tells all attackers the same", () =>
      expect(output).to.match(/one message on the wire for all of them: "[^"]+"$/m));

    it("prints no token", () => expect(output).to.not.match(/eyJ[\w-]{10,}\./));
  });

  it("leaves everything running with --keep, and takes it down when it is interrupted", async () => {
    const child = start("--keep");
    let output = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    while (!output.includes("docker.io/somebody/theirs")) await once(child.stdout!, "data");
    const [, file = ""] = /export KUBECONFIG=(\S+)/.exec(output) ?? [];
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(parse(readFileSync(file, "utf8"))).to.have.property("kind", "Config");
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    expect(code).to.equal(0);
    expect(() => statSync(file)).to.throw(/ENOENT/);
  });

  it("remembers each claim that did not hold", () => {
    const written: string[] = [];
    const narrator = createNarrator({ write: (line) => written.push(line) });
    narrator.act("an act");
    narrator.check("holds", true);
    narrator.check("does not", false, "this was seen");
    expect(narrator.broken).to.deep.equal(["does not"]);
    expect(written.join("")).to.equal("\n1. an act\n   ✔ holds\n   ✘ does not\n     this was seen\n");
  });
});
