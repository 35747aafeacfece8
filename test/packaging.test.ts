import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";

interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const manifest = read("package.json");
const locked: Readonly<Record<string, LockedPackage>> = read("package-lock.json").packages;

describe("package.json", () => {
  for (const kind of ["dependencies", "devDependencies"])
    for (const [name, version] of Object.entries<string>(manifest[kind]))
      it(`pins ${name} to one version, which the lock has`, () => {
        expect(version).to.match(/^\d+\.\d+\.\d+$/);
        expect(locked[`node_modules/${name}`]?.version).to.equal(version);
      });

  for (const [door, target] of Object.entries<Record<string, string>>(manifest.exports))
    it(`opens ${door} on a source file that there is`, () => {
      if (door === "./package.json") return;
      const source = target.default?.replace("./dist/", "src/").replace(/\.js$/, ".ts");
      expect(existsSync(String(source)), source).to.equal(true);
      expect(target.types).to.equal(target.default?.replace(/\.js$/, ".d.ts"));
    });

  it("needs the Node that the executable asks for", () => {
    const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(manifest.engines.node) ?? [];
    expect(readFileSync("src/commands/countersign.cts", "utf8")).to.include(`needed = [${major}, ${minor}]`);
  });

  it("brings the executable and the compiled code only", () => {
    expect(manifest.bin).to.deep.equal({ countersign: "dist/commands/countersign.cjs" });
    expect(manifest.files).to.deep.equal(["dist"]);
  });
});

describe("package-lock.json", () => {
  // npm drops those that the registry at hand does not serve, and `npm ci` then fails everywhere
  it("names every optional package of every platform", () => {
    const wanted = Object.values(locked).flatMap((one) => Object.entries(one.optionalDependencies ?? {}));
    const missing = wanted.filter(
      ([name]) => !Object.keys(locked).some((path) => path.endsWith(`node_modules/${name}`)),
    );
    expect(missing).to.deep.equal([]);
  });
});
