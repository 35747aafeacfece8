import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readLockFile } from "./image/lock-file.ts";
import { revisionOf } from "./image/revision.ts";
import { encodeSbom } from "./image/sbom.ts";

/**
 * `npm run --silent sbom -- [--output FILE]`: what the package consists of, as CycloneDX JSON. An image's own, with the
 * libraries of its system, is made with the image.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { output: { type: "string" } } });
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const sbom = encodeSbom({
  lockFile: readLockFile(root),
  node: { version: manifest.devDependencies.node },
  systemComponents: [],
  createdSeconds: revisionOf(root, process.env).createdSeconds,
});
if (values.output === undefined) process.stdout.write(sbom);
else writeFileSync(values.output, sbom);
