import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { expect } from "chai";
import { loadedPackages } from "../../scripts/image/dependencies-layer.ts";
import { readElf } from "../../scripts/image/elf.ts";
import { readLockFile } from "../../scripts/image/lock-file.ts";
import { external } from "../../scripts/package-chunks.ts";
import { execInfo } from "../commands/exec-credential-rig.ts";
import { podOf } from "../policies/built-in/pod-review.ts";
import { type Finished, run } from "../rig/child-process.ts";
import { type ImageServer, startImageServer } from "./image-server.ts";
import { type Command, type UnpackedImage, unpackImage } from "./unpacked-image.ts";

const minuteMs = 60_000;
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const isRoot = process.geteuid?.() === 0;

interface Built {
  readonly archive: string;
  readonly output: string;
}

describe("the image", function () {
  this.timeout(6 * minuteMs);
  let folder: string;
  let first: Built;
  let image: UnpackedImage;

  /** `npm run image`, by a shell that may be set up in another way than the one before. */
  async function build(name: string, flags: readonly string[] = [], setup = ":"): Promise<Built> {
    const archive = join(folder, `${name}.tar`);
    const script = `${setup} && exec "$0" "$@"`;
    const args = [resolve("scripts/image.ts"), "--output", archive, ...flags];
    const options = { timeoutMs: 5 * minuteMs };
    const { code, stdout, stderr } = await run("sh", ["-c", script, process.execPath, ...args], options);
    expect(code, stdout + stderr).to.equal(0);
    return { archive, output: stdout };
  }

  async function buildIn(context: string, flags: readonly string[]): Promise<{ readonly output: string }> {
    const env = { ...process.env, COUNTERSIGN_REVISION: "of-the-test", SOURCE_DATE_EPOCH: "0" };
    const args = [join(context, "scripts/image.ts"), ...flags];
    const { code, stdout, stderr } = await run(process.execPath, args, { env, timeoutMs: 5 * minuteMs });
    expect(code, stdout + stderr).to.equal(0);
    return { output: stdout };
  }

  before(async function () {
    if (process.platform !== "linux") return this.skip();
    folder = mkdtempSync(join(tmpdir(), "countersign-image-test-"));
    first = await build("first");
    image = unpackImage(first.archive, folder);
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  it("is the same to the last byte when it is built again: at another time, elsewhere, by somebody who sets up otherwise", async () => {
    const setup = "umask 077 && cd / && export TZ=Asia/Tokyo LC_ALL=C npm_config_umask=077";
    const second = await build("second", [], setup);
    expect(readFileSync(second.archive).equals(readFileSync(first.archive))).to.equal(true);
  });

  it("can be made for arm64 here, where Debian's packages can be had", async function () {
    const archive = join(folder, "arm64.tar");
    const args = [resolve("scripts/image.ts"), "--arch", "arm64", "--output", archive];
    const { code, stderr } = await run(process.execPath, args, { timeoutMs: 5 * minuteMs });
    if (code !== 0 && /spawnSync apt-get|Command failed: apt-get/.test(stderr)) return this.skip();
    expect(code, stderr).to.equal(0);
    const into = mkdtempSync(join(folder, "arm64-"));
    const { configuration, root } = unpackImage(archive, into);
    expect(configuration.architecture).to.equal("arm64");
    const programs = programsOf(root);
    expect(programs.length).to.be.above(5);
    expect(programs.filter((file) => readElf(readFileSync(file)).machine !== "aarch64")).to.deep.equal([]);
    const { interpreter } = readElf(readFileSync(join(root, "nodejs/bin/node")));
    expect(existsSync(join(root, interpreter!))).to.equal(true);
  });

  it("is what the Dockerfile copies, made of nothing but what it lets into its context", async () => {
    const context = mkdtempSync(join(folder, "context-"));
    const [everything, ...exceptions] = readFileSync(".dockerignore", "utf8").trimEnd().split("\n");
    expect(everything).to.equal("*");
    for (const name of exceptions) cpSync(name.slice(1), join(context, name.slice(1)), { recursive: true });
    symlinkSync(resolve("node_modules"), join(context, "node_modules"));
    const layers = join(context, "layers");
    const { output } = await buildIn(context, ["--layers", layers]);
    expect(output).to.match(/^runtime .*\ndependencies .*\napplication .*\n$/);
    const [runtime, application] = ["runtime", "application"].map((name) => join(layers, name));
    for (const file of filesIn(runtime!))
      expect(readFileSync(join(runtime!, file)).equals(readFileSync(join(image.root, file))), file).to.equal(
        true,
      );
    const stamp = readFileSync(
      join(application!, "app/node_modules/countersign/dist/commands/build.json"),
      "utf8",
    );
    expect(JSON.parse(stamp)).to.deep.equal({ commit: "of-the-test" });
    expect(statSync(join(runtime!, "tmp")).mode & 0o7777).to.equal(0o1777);
    expect(statSync(join(runtime!, "nodejs/bin/node")).mtimeMs).to.equal(0);
  });

  it("says how large its layers are, and what it is called", () => {
    const lines = first.output.trimEnd().split("\n");
    const sizes = lines.map((line) => /^(\w+) +([\d.]+) MiB compressed, +([\d.]+) MiB unpacked$/.exec(line));
    expect(sizes.flatMap((size) => size?.[1] ?? [])).to.deep.equal([
      "runtime",
      "dependencies",
      "application",
      "all",
    ]);
    const [compressed, unpacked] = sizes.at(3)!.slice(2).map(Number);
    expect(compressed).to.be.below(60);
    expect(unpacked).to.be.below(190);
    expect(lines.at(-1)).to.match(new RegExp(`^countersign:${version}@sha256:[0-9a-f]{64}$`));
  });

  it("has no shell and nothing else that could be started, but Node", () => {
    const programs = programsOf(image.root).filter(
      (file) => readElf(readFileSync(file)).interpreter !== undefined,
    );
    // libc.so.6 tells its version when it is run
    const started = programs.filter((file) => !/\/lib[\w+-]+\.so[.\d]*$/.test(file));
    expect(started).to.deep.equal([join(image.root, "nodejs/bin/node")]);
    expect(
      ["bin", "sbin", "usr/bin", "usr/sbin"].filter((one) => existsSync(join(image.root, one))),
    ).to.deep.equal([]);
  });

  it("says of which commit it is, and what it consists of", async () => {
    const head = await run("git", ["rev-parse", "HEAD"]);
    const { Labels } = image.configuration.config;
    expect(Labels["org.opencontainers.image.revision"]).to.equal(head.stdout.trim());
    expect(Labels["org.opencontainers.image.version"]).to.equal(version);
    const beside = readFileSync(first.archive.replace(/\.tar$/, ".cdx.json"), "utf8");
    expect(readFileSync(join(image.root, "app/countersign.cdx.json"), "utf8")).to.equal(beside);
    const listed = new Set((JSON.parse(beside).components as { purl: string }[]).map(({ purl }) => purl));
    const held = globSync("app/**/node_modules/{*,@*/*}/package.json", { cwd: image.root })
      .map((file) => JSON.parse(readFileSync(join(image.root, file), "utf8")))
      .filter(({ name }) => name !== "countersign")
      .map((one) => `pkg:npm/${one.name.replace("@", "%40")}@${one.version}`);
    expect(held.length).to.be.above(10);
    expect(held.filter((purl) => !listed.has(purl))).to.deep.equal([]);
  });

  describe("run as its own user, in a root that nobody can write", () => {
    before(function () {
      // only root may change its root
      if (!isRoot) this.skip();
    });
    const start = ({ command, args }: Command): Promise<Finished> => run(command, args);

    it("is the command line", async () => {
      expect(await start(image.command(["--version"]))).to.deep.include({ code: 0, stderr: "" });
      const help = await start(image.command(["serve", "--help"]));
      expect(help.stdout).to.include("Usage: countersign serve");
    });

    it("answers as the credential plugin", async () => {
      const environment = { KUBERNETES_EXEC_INFO: execInfo({ server: "https://a.b.svc:443" }) };
      const args = ["exec-credential", "--socket", "/run/none.sock"];
      const { code, stdout } = await start(image.command(args, environment));
      expect(code).to.equal(0);
      expect(JSON.parse(stdout)).to.include({ kind: "ExecCredential" });
    });

    it("finds every package that is loaded only where it is wanted", async () => {
      const names = loadedPackages(readLockFile("."))
        .map(({ name }) => name)
        .filter((name) => external.test(name));
      const code = `for (const name of ${JSON.stringify(names)})
        console.log(name, Object.keys(await import(import.meta.resolve(name, "file:///app/node_modules/countersign/dist/a.js"))).length);`;
      const flags = ["--experimental-import-meta-resolve", "--input-type=module", "--eval", code];
      const [node] = image.configuration.config.Entrypoint;
      const { stdout, stderr } = await start(image.program([node, ...flags]));
      expect(stderr).to.equal("");
      const found = [...stdout.matchAll(/^(\S+) ([1-9]\d*)$/gm)].map(([, name]) => name);
      expect(found).to.deep.equal(names);
    });

    describe("serves", () => {
      let server: ImageServer;
      before(async () => {
        server = await startImageServer(image);
      });
      after(() => server?.process.stop());

      it("the policy of a ConfigMap, in TypeScript", async () => {
        expect(await server.ask("/file", podOf("registry.example/app"))).to.deep.include({ allowed: true });
        const { allowed, status } = await server.ask("/file", podOf("registry.other/app"));
        expect({ allowed, message: status?.message }).to.deep.equal({
          allowed: false,
          message: "not in web",
        });
      });

      it("a built-in policy", async () => {
        expect((await server.ask("/built-in", podOf("registry.example/app"))).allowed).to.equal(true);
        expect((await server.ask("/built-in", podOf("nginx"))).status?.message).to.include(
          "docker.io/library/nginx",
        );
      });

      it("until it is told to end, and ends with 0", async () => {
        server.process.signal("SIGTERM");
        expect(await server.process.exited(), server.process.output()).to.equal(0);
      });
    });
  });
});

function filesIn(folder: string): string[] {
  const entries = globSync("**", { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Programs and libraries. */
function programsOf(root: string): string[] {
  const files = filesIn(root).map((file) => join(root, file));
  return files.filter((file) => readFileSync(file).subarray(0, 4).toString("latin1") === "\x7fELF");
}
