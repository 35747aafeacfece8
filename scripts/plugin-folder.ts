import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/**
 * Fills a folder with all that `exec-credential` needs where there is no libc and no Node, as in kube-apiserver's own
 * image: the dynamic loader, the libraries that Node is linked with, Node, and the plugin in one file. Run on a machine of
 * the control plane's architecture: `npm run build && node scripts/plugin-folder.ts FOLDER`.
 */
export function fillPluginFolder(
  folder: string,
  bundle = resolve("dist/commands/exec-credential.cjs"),
): void {
  if (!existsSync(bundle)) throw new Error(`${bundle} is missing: run npm run build first`);
  mkdirSync(join(folder, "lib"), { recursive: true, mode: 0o755 });
  const { loader, libraries } = linkedWith(process.execPath);
  const copies = [
    [loader, "ld.so", 0o755],
    [process.execPath, "node", 0o755],
    [bundle, "exec-credential.cjs", 0o644],
    ...libraries.map((file) => [file, join("lib", basename(file)), 0o644] as const),
  ] as const;
  for (const [file, name, mode] of copies) {
    copyFileSync(file, join(folder, name));
    chmodSync(join(folder, name), mode);
  }
}

/** What `ldd` says: `name => path (address)` for a library, and the loader as a bare path. */
function linkedWith(program: string): { readonly loader: string; readonly libraries: readonly string[] } {
  const lines = execFileSync("ldd", [program], { encoding: "utf8" }).split("\n");
  const missing = lines.find((line) => line.includes("not found"));
  const loader = lines.map((line) => /^\s*(\/\S+) \(/.exec(line)?.[1]).find((path) => path !== undefined);
  if (missing !== undefined || loader === undefined)
    throw new Error(`${program} cannot be taken along: ${missing?.trim() ?? "it is linked with no loader"}`);
  const libraries = lines.flatMap((line) => /=> (\/\S+) \(/.exec(line)?.[1] ?? []);
  return { loader, libraries };
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error("usage: node scripts/plugin-folder.ts FOLDER");
  fillPluginFolder(resolve(folder));
}
