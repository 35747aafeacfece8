import { spawn } from "node:child_process";
import { nodeCommand } from "./node-command.ts";
import { asSecondRun } from "./second-run.ts";

/** Starts this command line once more, in a process that outlives this one and that nobody listens to. */
export function runAgain(): void {
  const [, ...nodeArguments] = nodeCommand();
  const child = spawn(process.execPath, [...nodeArguments, ...process.argv.slice(1)], {
    detached: true,
    // client-go waits for whoever holds the pipes
    stdio: "ignore",
    env: asSecondRun(process.env),
  });
  // with no process to be had, the token that is held stays in use, and the next run tries again
  child.on("error", () => undefined).unref();
}
