import { execFileSync } from "node:child_process";

/** What a program prints. What it has to say otherwise goes to our own error output. */
export function read(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  return execFileSync(program, args, { ...options, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** Runs a program that is to print nothing which is a result. */
export function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): void {
  execFileSync(program, args, { ...options, stdio: ["ignore", process.stderr, process.stderr] });
}
