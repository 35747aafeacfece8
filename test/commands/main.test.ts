import { expect } from "chai";
import { defineCommand } from "../../src/commands/command.ts";
import { commandTable } from "../../src/commands/command-table.ts";
import { runCommandLine } from "../../src/commands/main.ts";
import { CountersignError, type ErrorCode } from "../../src/errors.ts";
import { capturedIO } from "./captured-io.ts";

const failing = (code: ErrorCode) =>
  defineCommand({
    name: "fail",
    summary: "Fail",
    example: "countersign fail",
    flags: {},
    run: () => {
      throw new CountersignError(code, "because");
    },
  });
const greet = defineCommand({
  name: "greet",
  summary: "Greet somebody",
  example: "countersign greet --whom world",
  flags: { whom: { type: "string", short: "w", value: "NAME", required: true, summary: "who is greeted" } },
  run: ({ flags }, io) => {
    io.stdout.write(`hello ${flags.whom}\n`);
    return 0;
  },
});
const broken = { ...greet, run: () => Promise.reject(new TypeError("a fault of ours")) };
const row = (command: typeof greet) => ({ summary: command.summary, load: async () => command });
const table = { greet: row(greet), fail: row(failing("ERR_TOKEN_REQUEST_DENIED")), broken: row(broken) };

describe("the command line", () => {
  it("runs the command it names and answers its exit code", async () => {
    const io = capturedIO();
    expect(await runCommandLine(["greet", "--whom", "world"], io, table)).to.equal(0);
    expect([io.out(), io.err()]).to.deep.equal(["hello world\n", ""]);
  });

  it("prints version and commit", async () => {
    const io = capturedIO();
    expect(await runCommandLine(["--version"], io)).to.equal(0);
    expect(io.out()).to.match(/^countersign \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}|unknown)\)\n$/);
  });

  for (const args of [["--help"], ["-h"], ["help"]])
    it(`lists the commands on ${args.join(" ")}, with an example`, async () => {
      const io = capturedIO();
      expect(await runCommandLine(args, io, table)).to.equal(0);
      expect(io.out()).to.include("greet   Greet somebody").and.to.include("Example:\n  countersign demo\n");
    });

  it("prints a command's flags and its example on --help, whatever else is given", async () => {
    const io = capturedIO();
    expect(await runCommandLine(["greet", "--nonsense", "--help"], io, table)).to.equal(0);
    expect(io.out()).to.equal(
      "Greet somebody\n\nUsage: countersign greet [flags]\n\nFlags:\n  -w, --whom NAME  who is greeted (required)\n\nExample:\n  countersign greet --whom world\n",
    );
  });

  it("exits 2 without a command, with the list on stderr", async () => {
    const io = capturedIO();
    expect(await runCommandLine([], io, table)).to.equal(2);
    expect(io.out()).to.equal("");
    expect(io.err()).to.include("Usage: countersign COMMAND");
  });

  it("exits 2 on an unknown command and names the nearest", async () => {
    const io = capturedIO();
    expect(await runCommandLine(["gret"], io, table)).to.equal(2);
    expect(io.err()).to.equal(
      "countersign: ERR_USAGE: unknown command \"gret\" (did you mean greet?)\nRun 'countersign --help'.\n",
    );
  });

  it("knows no command because every object has one of that name", async () => {
    expect(await runCommandLine(["constructor"], capturedIO(), table)).to.equal(2);
  });

  it("exits 2 on a wrong flag and says where help is", async () => {
    const io = capturedIO();
    expect(await runCommandLine(["greet", "--whon=x"], io, table)).to.equal(2);
    expect(io.err()).to.equal(
      "countersign: ERR_USAGE: unknown flag --whon (did you mean --whom?)\nRun 'countersign greet --help'.\n",
    );
  });

  it("refuses operands that a command does not take", async () => {
    const io = capturedIO();
    expect(await runCommandLine(["greet", "--whom=x", "stray"], io, table)).to.equal(2);
    expect(io.err()).to.include('greet takes flags only, not "stray"');
  });

  it("exits 1 on a failure, with its code", async () => {
    const io = capturedIO();
    expect(await runCommandLine(["fail"], io, table)).to.equal(1);
    expect(io.err()).to.equal("countersign: ERR_TOKEN_REQUEST_DENIED: because\n");
  });

  for (const code of [
    "ERR_CONFIGURATION",
    "ERR_KUBECONFIG",
    "ERR_CERTIFICATE_INVALID",
    "ERR_POLICY_INVALID",
    "ERR_UNSUPPORTED_RUNTIME",
  ] as const)
    it(`exits 2 on ${code}`, async () => {
      expect(await runCommandLine(["fail"], capturedIO(), { fail: row(failing(code)) })).to.equal(2);
    });

  it("calls a fault of ours ERR_INTERNAL and shows where it was", async () => {
    const io = capturedIO();
    expect(await runCommandLine(["broken"], io, table)).to.equal(1);
    expect(io.err()).to.match(/^countersign: ERR_INTERNAL: TypeError: a fault of ours\n\s+at /);
  });

  it("takes --context wherever it takes --kubeconfig, as kubectl does", async () => {
    const takers: string[] = [];
    for (const name of Object.keys(commandTable)) {
      const io = capturedIO();
      await runCommandLine([name, "--help"], io);
      if (!/^ +--kubeconfig /m.test(io.out())) continue;
      takers.push(name);
      expect(io.out(), name).to.match(/^ +--context NAME /m);
    }
    expect(takers).to.include.members(["serve", "gateway", "agent", "verify", "whoami", "call", "lint"]);
  });

  for (const [name, { summary, load }] of Object.entries(commandTable)) {
    it(`loads ${name} under the name and summary of the list`, async () => {
      const command = await load();
      expect([command.name, command.summary]).to.deep.equal([name, summary]);
    });

    it(`${name} --help shows an example of ${name}`, async () => {
      const io = capturedIO();
      expect(await runCommandLine([name, "--help"], io)).to.equal(0);
      expect(io.out()).to.match(new RegExp(`Example:\\n  .*countersign ${name}`));
    });
  }
});
