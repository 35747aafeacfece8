import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface SuitesOptions {
  /** Mocha's, below the project's root. */
  readonly config: string;
  /** Whether the suites need the built package. */
  readonly build: boolean;
}

/** Runs suites by mocha, which is handed this process's arguments. Ends with 0 only when the build and every test that could run went well. */
export async function runSuites({ config, build }: SuitesOptions): Promise<void> {
  const built = build ? await runNode("scripts/build.ts") : 0;
  if (built === 0) {
    const mocha = fileURLToPath(import.meta.resolve("mocha/bin/mocha.js"));
    process.exitCode = await runNode(mocha, "--config", config, ...process.argv.slice(2));
  } else {
    process.stderr.write("the package could not be built, so nothing was run\n");
    process.exitCode = built;
  }
}

async function runNode(...args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
