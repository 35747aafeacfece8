import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { whyNoNode } from "./requirements.ts";

/**
 * `npm run e2e:cluster`: builds the package, then runs everything under test/cluster on a node of its own. Arguments are handed to
 * mocha. Where no node can run, every suite is named as skipped and nothing is built.
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

const built = whyNoNode() === undefined ? await runNode("scripts/build.ts") : 0;
if (built === 0) {
  const mocha = fileURLToPath(import.meta.resolve("mocha/bin/mocha.js"));
  process.exitCode = await runNode(mocha, "--config", "test/cluster/mocharc.json", ...process.argv.slice(2));
} else {
  process.stderr.write("the package could not be built, so nothing was run\n");
  process.exitCode = built;
}
