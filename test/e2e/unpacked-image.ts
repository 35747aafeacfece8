import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How an image says it is to be run, and what it says of itself. */
export interface ImageRun {
  readonly Labels: Readonly<Record<string, string>>;
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly [string, ...string[]];
}

/** A program and its arguments. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

export interface UnpackedImage {
  readonly configuration: { readonly architecture: string; readonly config: ImageRun };
  /** Where its files lie. */
  readonly root: string;
  /** What starts it as a container runtime would: its own user, its own environment, a root that cannot be written. */
  command(args: readonly string[], environment?: Readonly<Record<string, string>>): Command;
  /** The same with another program of the image than its own. */
  program(args: readonly string[], environment?: Readonly<Record<string, string>>): Command;
}

interface Manifest {
  readonly Config: string;
  readonly Layers: readonly string[];
}

/** Unpacks an image archive into a folder, layer upon layer, owned by root where root does it. */
export function unpackImage(archive: string, folder: string): UnpackedImage {
  const [blobs, root] = [join(folder, "blobs"), join(folder, "root")];
  for (const one of [blobs, root]) mkdirSync(one);
  execFileSync("tar", ["-xf", archive, "-C", blobs]);
  const [{ Config, Layers }] = JSON.parse(readFileSync(join(blobs, "manifest.json"), "utf8")) as [Manifest];
  for (const layer of Layers) execFileSync("tar", ["-xpzf", join(blobs, layer), "-C", root]);
  const configuration = JSON.parse(
    readFileSync(join(blobs, Config), "utf8"),
  ) as UnpackedImage["configuration"];
  const { User, Env, Entrypoint } = configuration.config;
  // looked for before the image's PATH counts
  const chroot = execFileSync("sh", ["-c", "command -v chroot"], { encoding: "utf8" }).trim();
  const program: UnpackedImage["program"] = (args, environment = {}) => {
    const variables = [...Env, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
    const inside = [chroot, `--userspec=${User}`, root, ...args];
    const outside = ["--mount", "sh", "-c", script, root, "env", "--ignore-environment"];
    return { command: "unshare", args: [...outside, ...variables, ...inside] };
  };
  return {
    configuration,
    root,
    program,
    command: (args, environment) => program([...Entrypoint, ...args], environment),
  };
}

const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
