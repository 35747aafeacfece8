import { fileEntry, type ImageEntry } from "./image-entry.ts";
import { digestOf, type Layer } from "./layer.ts";
import { encodeTar } from "./tar.ts";

export interface ImageArchive {
  /** The tar file: an OCI image layout that is a `docker load` archive as well. */
  readonly bytes: Buffer;
  /** The manifest's: what the image is called by its digest. */
  readonly digest: string;
}

export interface ImageArchiveOptions {
  readonly configuration: Buffer;
  readonly architecture: string;
  readonly layers: readonly Layer[];
  /** `repository:tag`, as it is written in a pod. */
  readonly name: string;
}

/**
 * One file that containerd, skopeo and Docker read alike: an OCI image layout (opencontainers/image-spec image-layout.md),
 * and the `manifest.json` by which older Dockers find the same blobs.
 */
export function createImageArchive(options: ImageArchiveOptions): ImageArchive {
  const { configuration, layers, name } = options;
  if (!/^[a-z0-9][\w./:-]*:[\w][\w.-]{0,127}$/.test(name))
    throw new Error(`an image is named REPOSITORY:TAG, not ${JSON.stringify(name)}`);
  const manifest = encodeManifest(configuration, layers);
  const blobs = new Map(
    [configuration, manifest, ...layers.map(({ blob }) => blob)].map((blob) => [blobPath(blob), blob]),
  );
  const entries: ImageEntry[] = [
    fileEntry("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })),
    fileEntry("index.json", encodeIndex(manifest, options)),
    fileEntry("manifest.json", encodeDockerManifest(configuration, layers, name)),
    ...[...blobs].sort().map(([path, blob]) => fileEntry(path, blob)),
  ];
  return { bytes: encodeTar(entries), digest: digestOf(manifest) };
}

const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  configuration: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

function encodeManifest(configuration: Buffer, layers: readonly Layer[]): Buffer {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptor(mediaTypes.configuration, configuration),
    layers: layers.map(({ blob }) => descriptor(mediaTypes.layer, blob)),
  };
  return Buffer.from(JSON.stringify(manifest));
}

function encodeIndex(manifest: Buffer, { architecture, name }: ImageArchiveOptions): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [
      {
        ...descriptor(mediaTypes.manifest, manifest),
        platform: { architecture, os: "linux" },
        annotations: {
          "io.containerd.image.name": fullName(name),
          "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
        },
      },
    ],
  });
}

function encodeDockerManifest(configuration: Buffer, layers: readonly Layer[], name: string): string {
  return JSON.stringify([
    { Config: blobPath(configuration), RepoTags: [name], Layers: layers.map(({ blob }) => blobPath(blob)) },
  ]);
}

/** As the container runtime calls it: without a registry it is Docker Hub's, without a folder there its `library/`. */
function fullName(name: string): string {
  const [first, ...rest] = name.split("/") as [string, ...string[]];
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]/.test(first) || first === "localhost" ? name : `docker.io/${name}`;
}

function descriptor(mediaType: string, blob: Buffer): object {
  return { mediaType, digest: digestOf(blob), size: blob.length };
}

function blobPath(blob: Buffer): string {
  return `blobs/${digestOf(blob).replace(":", "/")}`;
}
