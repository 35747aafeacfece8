import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { readLockFile } from "../../../scripts/image/lock-file.ts";
import { encodeSbom } from "../../../scripts/image/sbom.ts";
import { npmComponent, systemComponent } from "../../../scripts/image/sbom-component.ts";

interface Component {
  readonly type: string;
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly { readonly license?: { readonly id: string }; readonly expression?: string }[];
}

const libc = systemComponent(
  {
    name: "libstdc++6",
    version: "12.2.0-14+deb12u1",
    architecture: "amd64",
    source: "gcc-12",
    sourceVersion: "12.2.0-14+deb12u1",
    copyright: Buffer.alloc(0),
  },
  { id: "debian", version: "12" },
);
const options = {
  lockFile: readLockFile("."),
  node: { version: "22.23.3", sha256: "ab".repeat(32) },
  systemComponents: [libc],
  createdSeconds: 1_700_000_000,
};

describe("encodeSbom", () => {
  const text = encodeSbom(options);
  const sbom = JSON.parse(text);
  const components: readonly Component[] = sbom.components;

  it("is CycloneDX 1.6, dated by the commit", () => {
    expect(sbom).to.include({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 });
    expect(sbom.metadata.timestamp).to.equal("2023-11-14T22:13:20.000Z");
    expect(sbom.metadata.component).to.include({ type: "application", name: "countersign" });
  });

  it("is the same text for the same content, and numbered otherwise for other content", () => {
    expect(encodeSbom(options)).to.equal(text);
    const other = JSON.parse(encodeSbom({ ...options, systemComponents: [] }));
    const number = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect([sbom.serialNumber, other.serialNumber].every((one) => number.test(one))).to.equal(true);
    expect(other.serialNumber).to.not.equal(sbom.serialNumber);
  });

  it("gives every component what the format and a scanner want", () => {
    for (const { type, name, version, purl, hashes = [], licenses = [], ...rest } of components) {
      expect(["library", "platform"]).to.include(type);
      expect([name, version, rest["bom-ref"]].every((field) => field.length > 0)).to.equal(true);
      expect(purl).to.match(/^pkg:(?:npm|generic|deb)\/[^\s]+@[^\s]+$/);
      for (const { alg, content } of hashes)
        expect(content)
          .to.match(/^[0-9a-f]+$/)
          .and.have.length(Number(alg.slice("SHA-".length)) / 4);
      for (const { license, expression } of licenses) expect(license?.id ?? expression).to.be.a("string");
    }
  });

  it("names each component once", () => {
    const refs = components.map((component) => component["bom-ref"]);
    expect(new Set(refs).size).to.equal(refs.length);
  });

  it("leads every dependency to a component", () => {
    const refs = new Set([sbom.metadata.component["bom-ref"], ...components.map((one) => one["bom-ref"])]);
    for (const { ref, dependsOn } of sbom.dependencies)
      expect([ref, ...dependsOn].filter((one) => !refs.has(one))).to.deep.equal([]);
    const [own] = sbom.dependencies.filter(({ ref }: { ref: string }) =>
      ref.startsWith("pkg:npm/countersign@"),
    );
    const direct = Object.keys(JSON.parse(readFileSync("package.json", "utf8")).dependencies);
    expect(own.dependsOn).to.have.length(direct.length);
  });

  it("has Node with its hash and by the name its advisories use, and the system's libraries by theirs", () => {
    const node = components.find(({ name }) => name === "node")!;
    expect(node).to.deep.include({ cpe: "cpe:2.3:a:nodejs:node.js:22.23.3:*:*:*:*:*:*:*" });
    expect(node.hashes).to.deep.equal([{ alg: "SHA-256", content: "ab".repeat(32) }]);
    expect(components.find(({ name }) => name === "libstdc++6")!.purl).to.equal(
      "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12%4012.2.0-14%2Bdeb12u1",
    );
  });

  it("has the hashes and licences of npm's own list, and every package there that is not for development", () => {
    const pick = (list: readonly Component[]) =>
      new Map(list.map(({ purl, hashes, licenses }) => [purl, { hashes, licenses }]));
    const ours = pick(components.filter(({ purl }) => purl.startsWith("pkg:npm/")));
    const all = pick(npmComponents());
    for (const [purl, component] of ours) expect(component, purl).to.deep.equal(all.get(purl));
    // npm leaves out of this list what development needs as well, js-yaml for one
    const used = [...pick(npmComponents("--omit=dev")).keys()];
    expect(used.filter((purl) => !ours.has(purl))).to.deep.equal([]);
  }).timeout(60_000);
});

function npmComponents(...flags: readonly string[]): readonly Component[] {
  const args = ["sbom", "--sbom-format=cyclonedx", "--package-lock-only", ...flags];
  const output = execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return (JSON.parse(output) as { components: Component[] }).components;
}

describe("npmComponent", () => {
  const one = { path: "", name: "@s/a", version: "1.0.0", integrity: undefined, dependencies: [] };
  it("writes an expression of several licences as one", () =>
    expect(npmComponent({ ...one, license: "MIT OR Apache-2.0" }).licenses).to.deep.equal([
      { expression: "MIT OR Apache-2.0" },
    ]));
  it("says nothing where nothing is known", () =>
    expect(npmComponent({ ...one, license: undefined })).to.deep.equal({
      type: "library",
      "bom-ref": "pkg:npm/%40s/a@1.0.0",
      name: "@s/a",
      version: "1.0.0",
      purl: "pkg:npm/%40s/a@1.0.0",
    }));
});
