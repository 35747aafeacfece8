import { readFileSync } from "node:fs";

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

/**
 * What Node was started with, before the script: started by hand through the dynamic loader, as in an image without one,
 * `execPath` is the loader, and Node is an argument of it.
 */
function nodeCommand(): readonly string[] {
  try {
    const words = readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
    const [, ...scriptAndArguments] = process.argv;
    const command = words.slice(0, words.length - scriptAndArguments.length);
    return command.length === 0 ? [process.execPath] : command;
  } catch {
    return [process.execPath];
  }
}
