import { hash } from "node:crypto";
import { type Architecture, architectures } from "./architecture.ts";
import { readElf } from "./elf.ts";
import { fileEntry, folderEntry } from "./image-entry.ts";
import { createLayer, type Layer } from "./layer.ts";
import type { NodeProgram } from "./node-program.ts";
import { sharedLibrariesOf } from "./shared-libraries.ts";
import { packageEntries, type SystemLibraries, type SystemPackage } from "./system-packages.ts";

export interface RuntimeLayerOptions {
  readonly architecture: Architecture;
  readonly node: NodeProgram;
  readonly libraries: SystemLibraries;
}

export interface RuntimeLayer extends Layer {
  readonly node: { readonly version: string; readonly sha256: string };
  /** Of which its libraries are. */
  readonly packages: readonly SystemPackage[];
}

/** Node, what it is loaded with, and the few files that a C library wants to find. No shell, no package manager. */
export function createRuntimeLayer({ architecture, node, libraries }: RuntimeLayerOptions): RuntimeLayer {
  const { machine } = readElf(node.content);
  if (machine !== architectures[architecture].machine)
    throw new Error(`this Node is for ${machine}, not for ${architecture}`);
  const files = sharedLibrariesOf(node.content, libraries.root);
  const packages = libraries.packagesOf(files.map(({ path }) => path));
  const layer = createLayer("runtime", [
    fileEntry("nodejs/bin/node", node.content, true),
    fileEntry("nodejs/LICENSE", node.license),
    ...files.map(({ path, content, isLoader }) => fileEntry(path, content, isLoader)),
    ...packageEntries(packages, libraries.release),
    fileEntry("etc/passwd", passwd),
    fileEntry("etc/group", group),
    // says that names of /etc/hosts, which a kubelet writes, come before DNS
    fileEntry("etc/nsswitch.conf", "hosts: files dns\n"),
    folderEntry("etc/countersign"),
    folderEntry("tmp", 0o1777),
  ]);
  return { ...layer, packages, node: { version: node.version, sha256: hash("sha256", node.content) } };
}

const passwd = `root:x:0:0:root:/root:/sbin/nologin
nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin
`;

const group = `root:x:0:
nonroot:x:65532:
`;
