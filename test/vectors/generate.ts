import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../rig/child-process.ts";
import { folder, generate, readJSON, sharedFacts, vectorFiles } from "./files.ts";
import type { VectorFile } from "./vector.ts";

/** `node test/vectors/generate.ts`: writes the JSON files anew from definitions/. */
const write = (name: string, content: unknown): void =>
  writeFileSync(join(folder, name), JSON.stringify(content, undefined, 2));

write("shared.json", sharedFacts);
for (const name of Object.keys(vectorFiles)) {
  const known = existsSync(join(folder, name)) ? (readJSON(name) as VectorFile) : undefined;
  write(name, generate(name, known));
}
const biome = join(folder, "../../node_modules/.bin/biome");
const { code, stderr } = await run(biome, ["format", "--write", folder]);
if (code !== 0) throw new Error(stderr);
