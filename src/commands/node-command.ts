import { readFileSync } from "node:fs";

/**
 * What Node was started with, before the script: started by hand through the dynamic loader, as in an image without one,
 * `execPath` is the loader, and Node is an argument of it.
 */
export function nodeCommand(): readonly string[] {
  try {
    const words = readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
    const [, ...scriptAndArguments] = process.argv;
    const command = words.slice(0, words.length - scriptAndArguments.length);
    return command.length === 0 ? [process.execPath] : command;
  } catch {
    return [process.execPath];
  }
}
