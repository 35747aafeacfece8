import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Finished, run } from "../child-process.ts";
import { poll } from "../poll.ts";
import { addresses } from "./addresses.ts";
import type { CommandLine } from "./daemons.ts";

/** Mount, network and process namespaces of their own, and the programs that are kept running in them. */
export interface Namespaces {
  /** Keeps this running from now on; where a program of that name runs, it is ended first. */
  keep(name: string, command: CommandLine): Promise<void>;
  /** Ends it, and does not run it again. */
  drop(name: string): Promise<void>;
  /** Runs a program to its end, inside. */
  run(command: CommandLine, options?: { input?: string; timeoutMs?: number }): Promise<Finished>;
  /** What a program printed, each run after the one before. */
  log(name: string): string;
  /** The last lines of every program, for whoever has to find out what went wrong. */
  lastWords(lines?: number): string;
  stop(): Promise<void>;
}

/**
 * Everything in them ends with one process, which ends when this one does, however that happens: it reads a pipe that only this
 * process holds the other end of.
 */
export async function startNamespaces(folder: string, path: string): Promise<Namespaces> {
  for (const name of ["arguments", "logs", "pids"]) mkdirSync(join(folder, name), { recursive: true });
  copyFileSync(new URL("inside.sh", import.meta.url), join(folder, "inside.sh"));
  const outermost = enter(folder, path);
  const namespaces = control(folder, path, outermost);
  try {
    await poll("the node's namespaces", () => {
      if (ended(outermost)) throw new Error(`ended with ${outermost.exitCode}`);
      return existsSync(join(folder, "ready")) || undefined;
    });
    return namespaces;
  } catch (error) {
    const words = namespaces.lastWords();
    await namespaces.stop();
    throw new Error(`the node's namespaces could not be made:\n${words}`, { cause: error });
  }
}

function enter(folder: string, path: string): ChildProcess {
  const flags = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const child = spawn("unshare", [...flags, "bash", join(folder, "inside.sh")], {
    env: { PATH: path, FOLDER: folder, NODE_NETWORK: addresses.nodeNetwork, HOME: "/root" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const keep = (chunk: Buffer): void => appendFileSync(join(folder, "logs", "inside.log"), chunk);
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.stdin.on("error", () => undefined);
  child.once("error", (error) => keep(Buffer.from(String(error))));
  // before whoever else cleans up then: what runs inside writes on
  const end = (): void => void child.kill("SIGKILL");
  process.prependOnceListener("exit", end);
  child.once("exit", () => process.off("exit", end));
  return child;
}

function control(folder: string, path: string, outermost: ChildProcess): Namespaces {
  const inside = ["--mount", "--net", `--pid=/proc/${outermost.pid}/ns/pid_for_children`, "--"];
  const nsenter = (command: CommandLine, options = {}): Promise<Finished> =>
    run("nsenter", [`--target=${outermost.pid}`, ...inside, ...command], { env: { PATH: path }, ...options });
  const pidFile = (name: string): string => join(folder, "pids", name);
  const argumentsFile = (name: string): string => join(folder, "arguments", name);
  const end = async (name: string): Promise<void> => {
    if (!existsSync(pidFile(name))) return;
    const pid = readFileSync(pidFile(name), "utf8").trim();
    // a pid file is there a moment before its text
    if (pid !== "")
      await nsenter(["bash", "-c", `kill -KILL ${pid}; while kill -0 ${pid}; do sleep 0.02; done`]);
  };
  const log = (name: string): string => {
    const file = join(folder, "logs", `${name}.log`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  return {
    log,
    run: nsenter,
    async keep(name, command) {
      // in one step, or half a command line is run
      writeFileSync(join(folder, `${name}.arguments`), `${command.join("\n")}\n`);
      renameSync(join(folder, `${name}.arguments`), argumentsFile(name));
      await end(name);
    },
    async drop(name) {
      rmSync(argumentsFile(name), { force: true });
      await end(name);
    },
    lastWords: (lines = 15) =>
      readdirSync(join(folder, "logs"))
        .map(
          (name) =>
            `--- ${name}\n${log(name.replace(/\.log$/, ""))
              .trim()
              .split("\n")
              .slice(-lines)
              .join("\n")}`,
        )
        .join("\n"),
    async stop() {
      outermost.stdin?.end();
      // it ends once the kernel has ended everything inside
      await poll("the node's namespaces to end", () => ended(outermost)).catch(() =>
        outermost.kill("SIGKILL"),
      );
      await poll("the node's namespaces to be killed", () => ended(outermost));
    },
  };
}

function ended({ exitCode, signalCode, pid }: ChildProcess): true | undefined {
  return exitCode !== null || signalCode !== null || pid === undefined || undefined;
}
