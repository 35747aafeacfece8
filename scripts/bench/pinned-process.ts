import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** A process that says when it is ready, held to one core where the machine can do that. */
export interface PinnedProcess {
  /** What the ready pattern captured. */
  readonly ready: string;
  /** From spawn to the ready line. */
  readonly readyMs: number;
  residentBytes(): number;
  stop(): Promise<void>;
}

const taskset = ["/usr/bin/taskset", "/bin/taskset"].find((path) => existsSync(path));

export function pinned(core: number, args: readonly string[]): { command: string; args: readonly string[] } {
  const node = [process.execPath, ...args];
  return taskset === undefined
    ? { command: node[0]!, args: node.slice(1) }
    : { command: taskset, args: ["-c", String(core), ...node] };
}

/** What the figures were measured with: said in the table, since without pinning both sides share the cores. */
export const pinning: string = taskset === undefined ? "not pinned" : "server on core 0, load on core 1";

export async function startPinned(
  core: number,
  args: readonly string[],
  ready: RegExp,
): Promise<PinnedProcess> {
  const begin = performance.now();
  const target = pinned(core, args);
  const child = spawn(target.command, target.args, { stdio: ["ignore", "pipe", "pipe"] });
  const captured = await readyLine(child, ready);
  const readyMs = performance.now() - begin;
  child.stdout.resume();
  child.stderr.resume();
  return {
    ready: captured,
    readyMs,
    residentBytes: () => residentBytes(child.pid!),
    stop: () => stop(child),
  };
}

function readyLine(child: ChildProcess, ready: RegExp): Promise<string> {
  let output = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = ready.exec(output);
      if (found !== null) resolve(found[1]!);
    };
    child.stdout!.on("data", read);
    child.stderr!.on("data", read);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`exited with ${code} before it was ready:\n${output}`)));
  });
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const force = globalThis.setTimeout(() => child.kill("SIGKILL"), 15_000);
  await exited;
  clearTimeout(force);
}

/** Runs a script to its end on a core and gives what it printed, read as JSON. */
export function runPinned<T>(core: number, args: readonly string[]): T {
  const target = pinned(core, args);
  return JSON.parse(execFileSync(target.command, target.args, { encoding: "utf8" })) as T;
}
