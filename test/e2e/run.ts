import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * `npm run e2e`: builds the package, then runs everything under test/e2e, one suite after the other. Arguments are handed to
 * mocha. Ends with 0 only when the build and every test that could run went well.
 */
const root = fileURLToPath(new URL("../..", import.meta.url));

async function runNode(...args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

const built = await runNode("scripts/build.ts");
if (built === 0) {
  const mocha = fileURLToPath(import.meta.resolve("mocha/bin/mocha.js"));
  process.exitCode = await runNode(mocha, "--config", "test/e2e/mocharc.json", ...process.argv.slice(2));
} else {
  process.stderr.write("the package could not be built, so nothing was run\n");
  process.exitCode = built;
}
