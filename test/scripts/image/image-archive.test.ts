import { hash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { createImageArchive } from "../../../scripts/image/image-archive.ts";
import { encodeConfiguration } from "../../../scripts/image/image-configuration.ts";
import { fileEntry } from "../../../scripts/image/image-entry.ts";
import { createLayer } from "../../../scripts/image/layer.ts";
import { filesOf } from "./archive-files.ts";

const layers = [createLayer("one", [fileEntry("a", "1")]), createLayer("two", [fileEntry("b", "2")])];
const configuration = encodeConfiguration(
  { architecture: "arm64", createdSeconds: 1_700_000_000, labels: { "a.b": "c" } },
  layers,
);
const archiveNamed = (name: string) =>
  createImageArchive({ configuration, architecture: "arm64", layers, name });

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

describe("createImageArchive", () => {
  const archive = archiveNamed("countersign:0.1.0");
  const files = filesOf(archive.bytes);
  const json = (path: string) => JSON.parse(files.get(path)!.toString());
  /** The blob that a descriptor names, after making sure that it is the one it describes. */
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const content = files.get(`blobs/${digest.replace(":", "/")}`)!;
    expect(`sha256:${hash("sha256", content)}`).to.equal(digest);
    expect(content.length).to.equal(size);
    return content;
  };
  const index = json("index.json") as {
    mediaType: string;
    manifests: [Descriptor & Record<string, unknown>];
  };
  const manifest = JSON.parse(blob(index.manifests[0]).toString()) as {
    mediaType: string;
    config: Descriptor;
    layers: Descriptor[];
  };

  it("is an OCI image layout", () => {
    expect(json("oci-layout")).to.deep.equal({ imageLayoutVersion: "1.0.0" });
    expect(index.mediaType).to.equal("application/vnd.oci.image.index.v1+json");
    expect(manifest.mediaType).to.equal(index.manifests[0].mediaType);
    expect(index.manifests[0].platform).to.deep.equal({ architecture: "arm64", os: "linux" });
  });

  it("leads from the index to every blob, and holds no other", () => {
    const named = [index.manifests[0], manifest.config, ...manifest.layers].map(({ digest }) => digest);
    for (const descriptor of [manifest.config, ...manifest.layers]) blob(descriptor);
    const held = [...files.keys()].filter((path) => path.startsWith("blobs/"));
    expect(held.map((path) => path.replace("blobs/sha256/", "sha256:"))).to.have.members(named);
  });

  it("is called by the digest of its manifest", () =>
    expect(archive.digest).to.equal(index.manifests[0].digest));

  it("stacks the layers in the order of the configuration's diff_ids", () => {
    const { rootfs } = JSON.parse(blob(manifest.config).toString()) as { rootfs: { diff_ids: string[] } };
    const unpacked = manifest.layers.map((layer) => `sha256:${hash("sha256", gunzipSync(blob(layer)))}`);
    expect(unpacked).to.deep.equal(rootfs.diff_ids);
  });

  it("is what `docker load` reads as well", () => {
    const [image, ...more] = json("manifest.json") as {
      Config: string;
      RepoTags: string[];
      Layers: string[];
    }[];
    expect(more).to.deep.equal([]);
    expect(image!.RepoTags).to.deep.equal(["countersign:0.1.0"]);
    expect(files.get(image!.Config)!.equals(configuration)).to.equal(true);
    expect(image!.Layers.map((path) => files.get(path)!.equals(layers[0]!.blob))).to.deep.equal([
      true,
      false,
    ]);
  });

  const names: readonly (readonly [string, string])[] = [
    ["countersign:0.1.0", "docker.io/library/countersign:0.1.0"],
    ["team/countersign:1", "docker.io/team/countersign:1"],
    ["registry.example/team/countersign:1", "registry.example/team/countersign:1"],
    ["registry:5000/countersign:1", "registry:5000/countersign:1"],
    ["localhost/countersign:dev", "localhost/countersign:dev"],
  ];
  for (const [name, full] of names)
    it(`tells containerd that ${name} is ${full}`, () => {
      const { manifests } = JSON.parse(filesOf(archiveNamed(name).bytes).get("index.json")!.toString());
      expect(manifests[0].annotations).to.deep.equal({
        "io.containerd.image.name": full,
        "org.opencontainers.image.ref.name": full.slice(full.lastIndexOf(":") + 1),
      });
    });

  for (const name of ["countersign", "registry:5000/countersign", "countersign@sha256:ab", "a b:c", ":1"])
    it(`refuses ${name} for a name: it has to be REPOSITORY:TAG`, () =>
      expect(() => archiveNamed(name)).to.throw("REPOSITORY:TAG"));
});
