import { readFileSync } from "node:fs";
import { fileEntry, folderEntry, type ImageEntry } from "./image-entry.ts";
import { createLayer, type Layer } from "./layer.ts";
import { sharedLibrariesOf } from "./shared-libraries.ts";

export interface RuntimeLayerOptions {
  /** The program `node` for the image's architecture. */
  readonly node: string;
  /** Below which its libraries are looked for. */
  readonly root: string;
  readonly notices: readonly ImageEntry[];
}

/** Node, what it is loaded with, and the few files that a C library wants to find. No shell, no package manager. */
export function createRuntimeLayer({ node, root, notices }: RuntimeLayerOptions): Layer {
  const program = readFileSync(node);
  const libraries = sharedLibrariesOf(program, root);
  return createLayer("runtime", [
    fileEntry("nodejs/bin/node", program, true),
    ...libraries.map(({ path, content, isLoader }) => fileEntry(path, content, isLoader)),
    fileEntry("etc/passwd", passwd),
    fileEntry("etc/group", group),
    // without it the C library asks DNS before /etc/hosts, which a kubelet writes
    fileEntry("etc/nsswitch.conf", "hosts: files dns\n"),
    folderEntry("etc/countersign"),
    folderEntry("tmp", 0o1777),
    ...notices,
  ]);
}

const passwd = `root:x:0:0:root:/root:/sbin/nologin
nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin
`;

const group = `root:x:0:
nonroot:x:65532:
`;
