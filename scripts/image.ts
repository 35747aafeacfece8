import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createApplicationLayer } from "./image/application-layer.ts";
import { createDependenciesLayer } from "./image/dependencies-layer.ts";
import { createImageArchive } from "./image/image-archive.ts";
import { type Architecture, encodeConfiguration } from "./image/image-configuration.ts";
import { createRuntimeLayer } from "./image/runtime-layer.ts";

/**
 * `npm run image -- [--arch amd64|arm64] [--output FILE] [--tag REPOSITORY:TAG] [--node FILE --root FOLDER]`: the image as
 * an archive, without a container engine. For another architecture than this machine's, `--node` and `--root` say where
 * that architecture's Node and C libraries lie.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { values } = parseArgs({
  options: {
    arch: { type: "string" },
    output: { type: "string" },
    tag: { type: "string", default: `countersign:${manifest.version}` },
    node: { type: "string", default: join(root, "node_modules/node/bin/node") },
    root: { type: "string", default: "/" },
  },
});

const own: Architecture = process.arch === "arm64" ? "arm64" : "amd64";
const architecture = (values.arch ?? own) as Architecture;
const output = resolve(values.output ?? `countersign-${manifest.version}-linux-${architecture}.tar`);

const layers = [
  createRuntimeLayer({ node: values.node, root: values.root, notices: [] }),
  createDependenciesLayer(root),
  createApplicationLayer(root, []),
];
const configuration = encodeConfiguration(
  { architecture, createdSeconds: createdSeconds(), labels: {} },
  layers,
);
const archive = createImageArchive({ configuration, architecture, layers, name: values.tag });
writeFileSync(output, archive.bytes);
for (const layer of layers) console.log(sizes(layer.name, layer.blob.length, layer.unpackedBytes));
console.log(
  sizes(
    "all",
    archive.bytes.length,
    layers.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0),
  ),
);
console.log(`${output}\n${values.tag}@${archive.digest}`);

function sizes(name: string, compressed: number, unpacked: number): string {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1).padStart(6)} MiB`;
  return `${name.padEnd(12)} ${mib(compressed)} compressed, ${mib(unpacked)} unpacked`;
}

function createdSeconds(): number {
  return Number(execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" }));
}
