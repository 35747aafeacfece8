import { chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isArchitecture, ownArchitecture } from "./image/architecture.ts";
import { buildImage } from "./image/build-image.ts";
import { createImageArchive } from "./image/image-archive.ts";
import type { Layer } from "./image/layer.ts";
import { revisionOf } from "./image/revision.ts";

/**
 * `npm run image -- [--arch amd64|arm64] [--output FILE] [--tag REPOSITORY:TAG] [--package TARBALL]`: the image as an archive
 * for `ctr images import`, `docker load` or `skopeo copy oci-archive:…`, and its SBOM beside it, without a container engine.
 * With `--layers FOLDER` the layers' files instead, which is what the Dockerfile copies.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const { values } = parseArgs({
  options: {
    arch: { type: "string", default: ownArchitecture },
    output: { type: "string" },
    tag: { type: "string", default: `countersign:${version}` },
    package: { type: "string" },
    layers: { type: "string" },
  },
});
const { arch: architecture, tag } = values;
if (!isArchitecture(architecture)) throw new Error(`--arch ${architecture}: there are amd64 and arm64`);
const tarball = values.package === undefined ? undefined : resolve(values.package);
const revision = revisionOf(root, process.env);

const { layers, configuration, sbom } = buildImage({ root, architecture, revision, tarball });
for (const { name, blob, unpackedBytes } of layers) printSizes(name, blob.length, unpackedBytes);
if (values.layers === undefined) writeArchive();
else for (const layer of layers) writeFiles(layer, resolve(values.layers, layer.name));

function writeArchive(): void {
  const output = resolve(values.output ?? `countersign-${version}-linux-${architecture}.tar`);
  const archive = createImageArchive({ configuration, architecture, layers, name: tag });
  writeFileSync(output, archive.bytes);
  writeFileSync(`${output.replace(/\.tar$/, "")}.cdx.json`, sbom);
  const unpackedBytes = layers.reduce((sum, layer) => sum + layer.unpackedBytes, 0);
  printSizes("all", archive.bytes.length, unpackedBytes);
  console.log(`${output}\n${tag}@${archive.digest}`);
}

function writeFiles({ entries }: Layer, folder: string): void {
  for (const { path, mode, content } of entries) {
    const file = join(folder, path);
    mkdirSync(content === undefined ? file : dirname(file), { recursive: true });
    if (content !== undefined) writeFileSync(file, content);
    chmodSync(file, mode);
  }
  // from the leaves up, as a folder is as old as the last file put into it
  for (const { path } of entries.toReversed()) utimesSync(join(folder, path), 0, 0);
}

function printSizes(name: string, compressed: number, unpacked: number): void {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1).padStart(6)} MiB`;
  console.log(`${name.padEnd(12)} ${mib(compressed)} compressed, ${mib(unpacked)} unpacked`);
}
