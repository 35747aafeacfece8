import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../child-process.ts";

export interface ProgramImage {
  readonly name: string;
  /** The one program in it, linked with nothing. */
  readonly program: string;
}

/** An image of one static program, as `docker save` would have written it, in a file of this folder. */
export async function writeImageArchive(folder: string, { name, program }: ProgramImage): Promise<string> {
  const root = join(folder, "root");
  mkdirSync(root, { recursive: true });
  copyFileSync(program, join(root, "program"));
  chmodSync(join(root, "program"), 0o755);
  await tar(join(folder, "layer.tar"), root, ["program"]);
  const layer = createHash("sha256")
    .update(readFileSync(join(folder, "layer.tar")))
    .digest("hex");
  const config = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Entrypoint: ["/program"], User: "65535:65535" },
    rootfs: { type: "layers", diff_ids: [`sha256:${layer}`] },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }];
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  const archive = join(folder, "image.tar");
  await tar(archive, folder, ["manifest.json", "config.json", "layer.tar"]);
  return archive;
}

async function tar(archive: string, folder: string, names: readonly string[]): Promise<void> {
  const { code, stderr } = await run("tar", [
    "-C",
    folder,
    "--owner=0",
    "--group=0",
    "-cf",
    archive,
    ...names,
  ]);
  if (code !== 0) throw new Error(`tar: ${stderr}`);
}
