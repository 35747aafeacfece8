import { nodeCommand } from "./node-command.ts";

/**
 * Ends the process now. `process.exit` joins the thread pool first, so a name look-up or a file that hangs there holds it
 * for as long as it hangs (seconds for an unreachable resolver, for ever for a FIFO). Replacing the process image joins
 * nothing; Node 22.15 and later can, on POSIX.
 */
export function leaveAtOnce(exitCode: number): void {
  if (process.execve !== undefined) {
    // it is marked experimental, and the warning would stand beside our one line on stderr
    process.emitWarning = () => undefined;
    process.execve(process.execPath, [...nodeCommand(), "-e", `process.exitCode=${exitCode}`], {});
  }
  process.exit(exitCode);
}
