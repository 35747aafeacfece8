import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { createApplicationLayer, packPackage } from "./application-layer.ts";
import { type Architecture, ownArchitecture } from "./architecture.ts";
import { createDependenciesLayer } from "./dependencies-layer.ts";
import { fetchForeignLibraries } from "./foreign-libraries.ts";
import { encodeConfiguration } from "./image-configuration.ts";
import { fileEntry } from "./image-entry.ts";
import type { Layer } from "./layer.ts";
import { readLockFile } from "./lock-file.ts";
import { fetchNode } from "./node-program.ts";
import type { Revision } from "./revision.ts";
import { createRuntimeLayer, type RuntimeLayer } from "./runtime-layer.ts";
import { encodeSbom } from "./sbom.ts";
import { systemComponent } from "./sbom-component.ts";
import { ownLibraries } from "./system-packages.ts";
import { inTemporaryFolder } from "./temporary-folder.ts";

export interface BuildImageOptions {
  /** The clone. */
  readonly root: string;
  readonly architecture: Architecture;
  readonly revision: Revision;
  /** What `npm pack` made; made anew where it is not given. */
  readonly tarball: string | undefined;
}

export interface BuiltImage {
  readonly layers: readonly Layer[];
  readonly configuration: Buffer;
  readonly sbom: string;
}

/** All of an image, in layers of which an update changes as few as can be: runtime, dependencies, application. */
export function buildImage(options: BuildImageOptions): BuiltImage {
  const { root, tarball } = options;
  if (tarball !== undefined) return assemble(options, tarball);
  // first, as it fails most often
  return inTemporaryFolder((folder) => assemble(options, packPackage(root, folder)));
}

function assemble({ root, architecture, revision }: BuildImageOptions, tarball: string): BuiltImage {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const runtime = buildRuntime(architecture, manifest.devDependencies.node);
  const sbom = imageSbom(root, runtime, revision);
  const application = createApplicationLayer(tarball, [fileEntry("app/countersign.cdx.json", sbom)]);
  const layers = [runtime, createDependenciesLayer(root), application];
  const labels = labelsOf(manifest, revision);
  const { createdSeconds } = revision;
  return {
    layers,
    sbom,
    configuration: encodeConfiguration({ architecture, createdSeconds, labels }, layers),
  };
}

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly devDependencies: { readonly node: string };
}

function buildRuntime(architecture: Architecture, version: string): RuntimeLayer {
  const node = fetchNode(architecture, version);
  if (architecture === ownArchitecture)
    return createRuntimeLayer({ architecture, node, libraries: ownLibraries() });
  return inTemporaryFolder((folder) =>
    createRuntimeLayer({ architecture, node, libraries: fetchForeignLibraries(architecture, folder) }),
  );
}

function imageSbom(root: string, { node, packages, entries }: RuntimeLayer, revision: Revision): string {
  const release = entries.find(({ path }) => path === "etc/os-release")?.content ?? "";
  const { ID = "linux", VERSION_ID = "" } = parseEnv(Buffer.from(release).toString());
  const distribution = { id: ID, version: VERSION_ID };
  return encodeSbom({
    lockFile: readLockFile(root),
    node,
    systemComponents: packages.map((one) => systemComponent(one, distribution)),
    createdSeconds: revision.createdSeconds,
  });
}

function labelsOf({ version, description, license }: Manifest, { commit }: Revision): Record<string, string> {
  const name = "org.opencontainers.image";
  return {
    [`${name}.title`]: "countersign",
    [`${name}.description`]: description,
    [`${name}.licenses`]: license,
    [`${name}.version`]: version,
    ...(commit !== undefined && { [`${name}.revision`]: commit }),
  };
}
