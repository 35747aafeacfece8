import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { BinaryUnavailable, releases, resolveBinary } from "./binaries.ts";

const release = releases["kubernetes-1.37"];

describe("the binaries of a real control plane", () => {
  let folder: string;
  let said: string[];
  const program = (path: string, text: string): string => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const resolve = (env: NodeJS.ProcessEnv = {}) =>
    resolveBinary("kube-apiserver", release, (line) => said.push(line), {
      PATH: `${folder}/bin:/usr/bin:/bin`,
      XDG_CACHE_HOME: `${folder}/cache`,
      ...env,
    });
  const cachePath = "cache/countersign/binaries/kubernetes-v1.37.0/kube-apiserver";
  const fakeGo =
    'case "$1" in version) echo go version go1.26;; build) while [ "$1" != -o ]; do shift; done; echo built >"$2";; esac';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-binaries-"));
    said = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("come from KUBEBUILDER_ASSETS first, where they are of the version", async () => {
    const file = program("assets/kube-apiserver", "echo Kubernetes v1.37.0");
    program(cachePath, "");
    expect(await resolve({ KUBEBUILDER_ASSETS: `${folder}/assets` })).to.deep.equal({
      file,
      source: "KUBEBUILDER_ASSETS",
    });
    expect(said).to.deep.equal([`kube-apiserver 1.37.0: ${file} (KUBEBUILDER_ASSETS)`]);
  });

  it("come from the cache where KUBEBUILDER_ASSETS holds another version, which is said", async () => {
    program("assets/kube-apiserver", "echo Kubernetes v1.36.0");
    const file = program(cachePath, "");
    expect(await resolve({ KUBEBUILDER_ASSETS: `${folder}/assets` })).to.deep.equal({
      file,
      source: "cache",
    });
    expect(said[0]).to.contain("another version than 1.37.0");
  });

  it("are built where they are nowhere, and the next time come from the cache", async () => {
    program("bin/go", fakeGo);
    expect(await resolve()).to.deep.equal({ file: join(folder, cachePath), source: "go build" });
    expect(await resolve()).to.include({ source: "cache" });
    expect(readdirSync(join(folder, dirname(cachePath)))).to.deep.equal(["kube-apiserver"]);
  });

  it("are built without what their release leaves out", async () => {
    program(
      "bin/go",
      `case "$1" in version) echo go;; build) echo "$*" >"${folder}/asked"; eval "out=\\\${$(($# - 1))}"; echo built >"$out";; esac`,
    );
    const env = { PATH: `${folder}/bin:/usr/bin:/bin`, XDG_CACHE_HOME: `${folder}/cache` };
    await resolveBinary("ctr", releases.containerd, (line) => said.push(line), env);
    const asked = readFileSync(join(folder, "asked"), "utf8");
    expect(asked).to.contain(" -tags no_btrfs no_zfs ").and.to.contain("/containerd/v2/cmd/ctr");
    expect(existsSync(join(folder, "cache/countersign/binaries/containerd-v2.4.2/ctr"))).to.equal(true);
  });

  it("are not half there when the build fails, and the reason is told", async () => {
    program("bin/go", `[ "$1" = version ] || { echo no module >&2; exit 1; }`);
    const error = await resolve().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(BinaryUnavailable);
    expect((error as Error).message).to.equal("kube-apiserver 1.37.0 could not be built: no module");
    expect(readdirSync(join(folder, dirname(cachePath)))).to.deep.equal([]);
  });

  it("cannot be had without Go, which is told", async () => {
    const error = await resolve({ PATH: `${folder}/bin` }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(BinaryUnavailable);
    expect((error as Error).message).to.contain("Go is not installed");
    expect(existsSync(join(folder, cachePath))).to.equal(false);
  });
});
