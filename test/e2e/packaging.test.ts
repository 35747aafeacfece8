import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { commandTable } from "../../src/commands/command-table.ts";
import { startStubAPIServer } from "../commands/stub-api-server.ts";
import { type Finished, run } from "../rig/child-process.ts";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const doors = Object.keys(manifest.exports)
  .filter((door) => door !== "./package.json")
  .map((door) => door.replace(/^\./, "countersign"));
const minuteMs = 60_000;

/** What npm and its children may know of this test's surroundings: not the clone's Node, and not its configuration. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(registry|cache|userconfig)$)/i.test(name)),
);

async function ok(command: string, args: readonly string[], cwd: string): Promise<Finished> {
  const finished = await run(command, args, { cwd, env: environment, timeoutMs: 5 * minuteMs });
  expect(finished.code, `${command} ${args.join(" ")}\n${finished.stdout}${finished.stderr}`).to.equal(0);
  return finished;
}

describe("the package", function () {
  this.timeout(6 * minuteMs);
  let folder: string;
  let tarball: string;
  let home: string;

  /** Installs the package with a Node of its own into an empty folder. */
  async function install(name: string, node: string): Promise<string> {
    const into = join(folder, name);
    mkdirSync(into);
    writeFileSync(join(into, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await ok("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball, node], into);
    return into;
  }
  const nodeOf = (into: string): string => join(into, "node_modules/node/bin/node");
  const packageOf = (into: string): string => join(into, "node_modules/countersign");
  const countersign = (
    into: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Finished> =>
    run(nodeOf(into), [join(packageOf(into), manifest.bin.countersign), ...args], {
      cwd: into,
      env: { ...environment, ...env },
    });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-package-"));
    const { stdout } = await ok("npm", ["pack", "--json", `--pack-destination=${folder}`], ".");
    // what the build prints stands before it
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("[\n")));
    tarball = join(folder, filename);
    home = await install("node-22", "node@22");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("holds compiled code, declarations, schemas, licence and README, and nothing else", () => {
    const files = (readdirSync(packageOf(home), { recursive: true, withFileTypes: true }) ?? [])
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(packageOf(home).length + 1))
      .filter((file) => !file.startsWith("node_modules/"));
    expect(files).to.include.members([
      "LICENSE",
      "README.md",
      "package.json",
      "dist/commands/exec-credential.cjs",
    ]);
    const odd = files.filter(
      (file) =>
        !/^(LICENSE|README\.md|package\.json|dist\/THIRD_PARTY_LICENSES\.txt|dist\/.+\.(js|cjs|json|d\.ts|d\.cts))$/.test(
          file,
        ),
    );
    expect(odd).to.deep.equal([]);
  });

  it("brings the licence of every package it has parts of", () => {
    const notices = readFileSync(join(packageOf(home), "dist/THIRD_PARTY_LICENSES.txt"), "utf8");
    for (const name of ["@koa/router", "jsonwebtoken", "koa", "pino", "yaml", "zod"])
      expect(notices).to.match(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|ISC)\\)$`, "m"));
  });

  it("tells the whole demo, policy file in another folder included", async () => {
    const { code, stdout } = await countersign(home, ["demo"]);
    expect(code, stdout).to.equal(0);
    expect(stdout).to.include("All of it went as told.");
  });

  it("names no folder of the machine it was built on", () => {
    const root = resolve(".");
    for (const file of readdirSync(packageOf(home), { recursive: true, encoding: "utf8" }))
      if (/\.(js|cjs|json|ts|cts)$/.test(file) && !file.startsWith("node_modules/"))
        expect(readFileSync(join(packageOf(home), file), "utf8").includes(root), file).to.equal(false);
  });

  it("runs by npx, and knows its version and commit", async () => {
    const { stdout } = await ok("npx", ["--no-install", "countersign", "--version"], home);
    const commit = (await ok("git", ["rev-parse", "--short=12", "HEAD"], ".")).stdout.trim();
    expect(stdout.trim()).to.equal(`countersign ${manifest.version} (commit ${commit})`);
  });

  for (const [name, { summary }] of Object.entries(commandTable))
    it(`prints the help of ${name}`, async () => {
      const { code, stdout, stderr } = await countersign(home, [name, "--help"]);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(stdout).to.include(summary);
    });

  it("opens every door by its name", async () => {
    const program = `for (const door of ${JSON.stringify(doors)}) { const names = Object.keys(await import(door)); if (names.length === 0) throw new Error(door); }`;
    writeFileSync(join(home, "doors.js"), program);
    await ok(nodeOf(home), ["doors.js"], home);
  });

  it("resolves the types of every door, strictly, the declarations of its dependencies included", async () => {
    const imports = doors.map((door, index) => `import * as door${index} from "${door}";`);
    const uses = doors.map((_, index) => `door${index}`);
    const typed = 'import { createWebhookCallerAuthenticator } from "countersign/authentication";';
    const call = "export const make: (options: never) => unknown = createWebhookCallerAuthenticator;";
    writeFileSync(
      join(home, "types.ts"),
      [...imports, typed, `export const doors = [${uses.join(", ")}];`, call].join("\n"),
    );
    const options = {
      module: "nodenext",
      target: "es2024",
      lib: ["es2024"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      skipLibCheck: false,
      types: ["node"],
    };
    writeFileSync(
      join(home, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["types.ts"] }),
    );
    const tsc = resolve("node_modules/typescript/bin/tsc");
    await ok(process.execPath, [tsc, "-p", "."], home);
  });

  it("runs on Node 24", async () => {
    const newer = await install("node-24", "node@24");
    expect((await ok(nodeOf(newer), ["--version"], newer)).stdout).to.match(/^v24\./);
    const { code, stdout } = await countersign(newer, ["demo"]);
    expect(code, stdout).to.equal(0);
    await ok(
      nodeOf(newer),
      ["--input-type=module", "--eval", `for (const door of ${JSON.stringify(doors)}) await import(door)`],
      newer,
    );
  });

  it("says one sentence and exits 2 on Node 20, whatever the command", async () => {
    const older = await install("node-20", "node@20");
    for (const command of [...Object.keys(commandTable), "--version", "--help"]) {
      const { code, stdout, stderr } = await countersign(older, [command]);
      expect({ command, code, stdout }).to.deep.equal({ command, code: 2, stdout: "" });
      expect(stderr).to.match(/^countersign needs Node 22\.19 or later, this is 20\.\d+\.\d+\n$/);
    }
  });

  it("answers client-go from a kept token with nothing loaded that talks to a network, nor any package", async () => {
    const stub = await startStubAPIServer();
    try {
      const args = [
        ...["exec-credential", "--service-account=kube-system/caller", "--mode=audience", "--audience=x"],
        ...[`--server=${stub.url}`, `--certificate-authority=${join(stub.folder, "ca.crt")}`],
        ...[`--token-file=${join(stub.folder, "token")}`, `--cache-dir=${join(stub.folder, "cache")}`],
      ];
      const listing = join(folder, "loaded.cjs");
      writeFileSync(
        listing,
        "process.once('exit', () => require('node:fs').writeSync(2, JSON.stringify([process.moduleLoadList, Object.keys(require.cache)])));",
      );
      const cluster = { server: "https://svc.ns.svc:443" };
      const spec = { interactive: false, cluster };
      const info = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", spec };
      const env = { KUBERNETES_EXEC_INFO: JSON.stringify(info), NODE_OPTIONS: `--require=${listing}` };
      const [minted, kept] = [await countersign(home, args, env), await countersign(home, args, env)];
      expect(kept.stdout).to.equal(minted.stdout);
      expect(stub.tokens).to.have.length(1);
      const loadedBy = ({ stderr }: Finished): [string[], string[]] => JSON.parse(stderr);
      expect(loadedBy(minted)[0]).to.include("NativeModule https");
      const [builtins, files] = loadedBy(kept);
      for (const name of [
        "https",
        "http",
        "net",
        "tls",
        "dns",
        "internal/deps/undici/undici",
        "crypto",
        "child_process",
      ])
        expect(builtins).not.to.include(`NativeModule ${name}`);
      expect(files.filter((file) => dirname(file) !== join(packageOf(home), "dist/commands"))).to.deep.equal([
        listing,
      ]);
    } finally {
      await stub.close();
    }
  });

  it("has left nothing behind in the clone but dist/", async () => {
    expect(existsSync(tarball)).to.equal(true);
    expect(readdirSync(".").filter((name) => name.endsWith(".tgz"))).to.deep.equal([]);
  });
});
