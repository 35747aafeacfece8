import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Architecture, architectures } from "./architecture.ts";
import { read, run } from "./run-program.ts";
import { inTemporaryFolder } from "./temporary-folder.ts";

/** Node for one architecture, as npm has it. */
export interface NodeProgram {
  readonly version: string;
  readonly content: Buffer;
  readonly license: Buffer;
}

/** The program that the package `node` would bring on a machine of this architecture: the same version, unchanged. */
export function fetchNode(architecture: Architecture, version: string): NodeProgram {
  return inTemporaryFolder((folder) => {
    const name = `node-linux-${architectures[architecture].npm}`;
    read("npm", ["pack", "--silent", "--prefer-offline", `${name}@${version}`], { cwd: folder });
    run("tar", ["-xzf", `${name}-${version}.tgz`, "package/bin/node", "package/LICENSE"], { cwd: folder });
    return {
      version,
      content: readFileSync(join(folder, "package/bin/node")),
      license: readFileSync(join(folder, "package/LICENSE")),
    };
  });
}
