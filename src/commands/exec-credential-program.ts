import { writeSync } from "node:fs";
import type { CommandIO } from "./command.ts";
import { answerClientGo } from "./exec-answer.ts";
import { reportFailure } from "./failure.ts";
import { leaveAtOnce } from "./leave-at-once.ts";
import { plainAgentArguments } from "./plain-agent-arguments.ts";
import { isSecondRun } from "./second-run.ts";

// `exec-credential` as a program of its own: what the package bundles into one file, and what a clone runs from source.
// Descriptors rather than process.stdout: making that stream costs more than a cached answer does.
const io: CommandIO = {
  get stdin() {
    return process.stdin;
  },
  stdout: { write: (text) => writeSync(1, text) },
  stderr: { write: (text) => writeSync(2, text) },
  env: process.env,
  async runAgain() {
    const { runAgain } = await import("./run-again.ts");
    if (!isSecondRun(process.env)) runAgain();
  },
};
const args = process.argv.slice(process.argv[2] === "exec-credential" ? 3 : 2);

/** What is still open after that is a name look-up or file that hangs. */
const graceMs = 50;

async function run(): Promise<number> {
  const plain = plainAgentArguments(args);
  if (plain === undefined) {
    const { execCredential } = await import("./exec-credential.ts");
    return execCredential.run(args, io);
  }
  const { agentCredential } = await import("./agent-credential.ts");
  return answerClientGo(plain.onFailure, io, (cluster) => agentCredential(plain.socket, cluster));
}

void run()
  .catch((error: unknown) => reportFailure(error, io, "exec-credential"))
  .then((exitCode) => {
    process.exitCode = exitCode;
    // does not keep a process alive that has nothing left to do
    setTimeout(() => leaveAtOnce(exitCode), graceMs).unref();
  });
