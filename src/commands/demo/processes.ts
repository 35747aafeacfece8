import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CountersignError } from "../../errors.ts";
import { createCaller } from "./child-calls.ts";

// from source in a clone, compiled in the package
const source = import.meta.url.endsWith(".ts");

/** A child that answers calls. */
export interface CalledProcess {
  call<T>(method: string, argument?: unknown): Promise<T>;
  stop(): Promise<void>;
}

export function startCalledProcess(name: "control-plane-process" | "caller-process"): CalledProcess {
  const file = fileURLToPath(new URL(`./${name}.${source ? "ts" : "js"}`, import.meta.url));
  const child = fork(file, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return {
    call: createCaller(child),
    stop: () => ended(child, () => child.disconnect()),
  };
}

/** A line of the server's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** `countersign serve`, its log read as it is written. */
export interface ServerProcess {
  /** The first line of the log, so far or within ten seconds, that fits. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>;
  stop(): Promise<void>;
}

export function startServer(configuration: string, kubeconfig: string): ServerProcess {
  const executable = fileURLToPath(new URL(`../countersign.${source ? "cts" : "cjs"}`, import.meta.url));
  const args = [executable, "serve", "--config", configuration, "--kubeconfig", kubeconfig];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const lines: LogLine[] = [];
  const other: string[] = [];
  createInterface({ input: child.stderr }).on("line", (text) => {
    const line = parseLine(text);
    if (line === undefined) other.push(text);
    else lines.push(line);
  });
  return {
    async line(fits) {
      const until = performance.now() + 10_000;
      for (;;) {
        const found = lines.find(fits);
        if (found !== undefined) return found;
        if (child.exitCode !== null || performance.now() > until)
          throw new CountersignError("ERR_INTERNAL", `the server's log lacks a line: ${other.join("; ")}`);
        await pause(10);
      }
    },
    stop: () => ended(child, () => child.kill("SIGTERM")),
  };
}

function parseLine(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}

async function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  end();
  await exit;
}
