import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { revisionOf } from "./image/revision.ts";
import { bundleIntoOneFile } from "./one-file.ts";
import { bundlePackage } from "./package-chunks.ts";
import { noticesOf } from "./third-party-notices.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
// made aside and moved into place whole: what runs from dist/ meanwhile finds the old one or the new one
const dist = join(root, `node_modules/.cache/countersign-build-${process.pid}`);

process.once("exit", () => rmSync(dist, { recursive: true, force: true }));
compile();
nameDeclarations();
copySchemas();
const bundled = await bundlePackage({ root, dist, entries: entries() });
writeFileSync(join(dist, "THIRD_PARTY_LICENSES.txt"), noticesOf(bundled));
await bundleExecCredential();
stampCommit();
// npm sets the mode of a `bin` when it installs one, an unpacked tarball does not
chmodSync(join(dist, "commands/countersign.cjs"), 0o755);
moveIntoPlace(join(root, "dist"));

/** The declarations of every file, and the executable, which stays as it is. The rest of the code is bundled. */
function compile(): void {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const project = join(root, "scripts/tsconfig.build.json");
  execFileSync(process.execPath, [tsc, "-p", project, "--outDir", dist], { stdio: "inherit" });
  for (const file of globSync("**/*.js", { cwd: dist })) rmSync(join(dist, file));
}

/** The compiler rewrites `./x.ts` in what it emits as JavaScript and leaves it in declarations, which TypeScript before 5.7 cannot follow. */
function nameDeclarations(): void {
  for (const file of globSync("**/*.d.ts", { cwd: dist })) {
    const text = readFileSync(join(dist, file), "utf8");
    writeFileSync(join(dist, file), text.replaceAll(/((?:from |import\()"\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

function moveIntoPlace(place: string): void {
  const old = `${dist}-old`;
  if (existsSync(place)) renameSync(place, old);
  renameSync(dist, place);
  rmSync(old, { recursive: true, force: true });
}

function copySchemas(): void {
  for (const file of globSync("src/**/*.json", { cwd: root })) {
    const to = join(dist, relative("src", file));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(join(root, file), to);
  }
}

/** What is imported or started by its own name: the doors, the command line, and programs that a command forks. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string | { default: string }>;
  };
  const doors = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? [] : [target.default],
  );
  return [
    ...doors.map((file) => file.replace("./dist/", "src/").replace(/\.js$/, ".ts")),
    "src/commands/main.ts",
    ...globSync("src/commands/**/*-process.ts", { cwd: root }),
  ];
}

/**
 * The credential plugin as one CommonJS file: an API server starts it on the request path, and loading modules one by one
 * costs more than all it does. Packages stay outside, and are loaded only where a kubeconfig has to be read.
 */
async function bundleExecCredential(): Promise<void> {
  const code = await bundleIntoOneFile({
    input: join(root, "src/commands/exec-credential-program.ts"),
    platform: "node",
    external: /^(?!\.|\/)/,
  });
  writeFileSync(join(dist, "commands/exec-credential.cjs"), code);
}

/** Where src/commands/version.ts looks. Outside a clone there is nothing to stamp, unless the environment says it. */
function stampCommit(): void {
  const { commit } = revisionOf(root, process.env);
  const stamp = { commit: commit?.slice(0, 12) ?? "unknown" };
  writeFileSync(join(dist, "commands/build.json"), `${JSON.stringify(stamp)}\n`);
}
