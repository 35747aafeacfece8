import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { ownArchitecture } from "../../../scripts/image/architecture.ts";
import { createRuntimeLayer, type RuntimeLayer } from "../../../scripts/image/runtime-layer.ts";
import { ownLibraries } from "../../../scripts/image/system-packages.ts";

/** A small program that is linked as Node is: nobody has to pack 120 MB to see where they go. */
const program = "/bin/cat";

describe("createRuntimeLayer", () => {
  const node = { version: "22.0.0", license: Buffer.from("terms"), content: Buffer.alloc(0) };
  let layer: RuntimeLayer;
  before(function () {
    if (process.platform !== "linux") return this.skip();
    const options = { architecture: ownArchitecture, libraries: ownLibraries() };
    layer = createRuntimeLayer({ ...options, node: { ...node, content: readFileSync(program) } });
  });
  const entry = (path: string) => layer.entries.find((one) => one.path === path);
  const text = (path: string): string => Buffer.from(entry(path)!.content!).toString();

  it("lets two files be run, Node and its loader: there is no shell and nothing else to start", () => {
    const programs = layer.entries.filter(
      ({ content, mode }) => content !== undefined && (mode & 0o111) !== 0,
    );
    expect(programs).to.have.length(2);
    expect(
      programs.map(({ path }) => path).filter((path) => !/\/ld-linux-[\w-]+\.so\.\d$/.test(path)),
    ).to.deep.equal(["nodejs/bin/node"]);
  });

  it("knows the user that the image is run as, who can log in nowhere", () => {
    expect(text("etc/passwd")).to.match(/^nonroot:x:65532:65532:[^\n]*:\/sbin\/nologin$/m);
    expect(text("etc/group")).to.match(/^nonroot:x:65532:$/m);
  });

  it("gives nobody but root a file or folder to write, except /tmp", () => {
    const writable = layer.entries.filter(({ mode }) => (mode & 0o022) !== 0);
    expect(writable.map(({ path, mode }) => [path, mode.toString(8)])).to.deep.equal([["tmp", "1777"]]);
  });

  it("brings Node's terms, and a folder for the configuration", () => {
    expect(text("nodejs/LICENSE")).to.equal("terms");
    expect(entry("etc/countersign")).to.deep.equal({ path: "etc/countersign", mode: 0o755 });
  });

  it("says of which packages the libraries are, with their terms, where the distribution knows", function () {
    if (!existsSync("/var/lib/dpkg/status")) return this.skip();
    const names = layer.packages.map(({ name }) => name);
    expect(names).to.include("libc6");
    for (const { name, version } of layer.packages) {
      expect(text(`var/lib/dpkg/status.d/${name}`))
        .to.include(`Package: ${name}\n`)
        .and.include(`Version: ${version}\n`);
      expect(text(`usr/share/doc/${name}/copyright`)).to.match(/licen[cs]e/i);
    }
    expect(text("etc/os-release")).to.equal(readFileSync("/etc/os-release", "utf8"));
  });

  it("refuses a program of another architecture", () => {
    const architecture = ownArchitecture === "amd64" ? "arm64" : "amd64";
    const options = { architecture, libraries: ownLibraries() } as const;
    expect(() =>
      createRuntimeLayer({ ...options, node: { ...node, content: readFileSync(program) } }),
    ).to.throw(`not for ${architecture}`);
  });
});
