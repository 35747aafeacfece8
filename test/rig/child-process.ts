import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { poll } from "./poll.ts";

export interface ChildProcessOptions {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Where everything it prints is kept as well. */
  readonly logFile?: string;
}

export interface RunningProcess {
  readonly pid: number;
  readonly exitCode: number | undefined;
  /** Everything printed so far, both streams. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL when it has not ended `graceMs` later. Resolves once it is gone. */
  stop(graceMs?: number): Promise<number>;
  /** Resolves with the exit code. */
  exited(): Promise<number>;
}

const running = new Set<ChildProcess>();
// a signal's default action ends Node without its exit handlers; SIGINT is mocha's, which ends by exit
for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a program that is stopped by its id, at the latest when the test run ends, however it ends. */
export function startProcess({ command, args = [], env, cwd, logFile }: ChildProcessOptions): RunningProcess {
  const child = spawn(command, args, { env: env ?? process.env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  const log = logFile === undefined ? undefined : createWriteStream(logFile);
  running.add(child);
  let output = "";
  let code: number | undefined;
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
    log?.write(chunk);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = (exitCode: number): void => {
    running.delete(child);
    log?.end();
    code = exitCode;
  };
  child.once("error", (error) => {
    output += String(error);
    ended(127);
  });
  child.once("exit", (exitCode) => ended(exitCode ?? 128));
  const exited = (): Promise<number> =>
    poll(`${command} to end`, () => code, { timeoutMs: 120_000, intervalMs: 10 });
  return {
    pid: child.pid ?? -1,
    get exitCode() {
      return code;
    },
    output: () => output,
    signal: (name) => void child.kill(name),
    exited,
    async stop(graceMs = 5_000) {
      child.kill("SIGTERM");
      await poll(`${command} to end`, () => code, { timeoutMs: graceMs, intervalMs: 10 }).catch(() =>
        child.kill("SIGKILL"),
      );
      return exited();
    },
  };
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. A code other than 0 is an answer, not an error. */
export async function run(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string; timeoutMs?: number } = {},
): Promise<Finished> {
  const child = spawn(command, args, {
    env: options.env ?? process.env,
    cwd: options.cwd,
    stdio: "pipe",
    // unlike `timeout` it holds nothing once the program has ended, or could not be started
    signal: AbortSignal.timeout(options.timeoutMs ?? 60_000),
    killSignal: "SIGKILL",
  });
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode) => resolve(exitCode ?? 128));
    });
    return { code, stdout, stderr };
  } finally {
    running.delete(child);
  }
}
