import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Architecture } from "./architecture.ts";
import { read, run } from "./run-program.ts";
import { type SystemLibraries, type SystemPackage, systemPackage } from "./system-packages.ts";

/** What Node is linked with. */
const names = ["libc6", "libgcc-s1", "libstdc++6"];

/**
 * The C and C++ libraries of another architecture, of the release that this machine runs: fetched by `apt-get` from where it
 * gets its own, and unpacked below `folder`. Nothing of the machine's own state is touched.
 */
export function fetchForeignLibraries(architecture: Architecture, folder: string): SystemLibraries {
  const root = join(folder, "root");
  const env = { ...process.env, APT_CONFIG: writeSettings(architecture, folder) };
  run("apt-get", ["-qq", "update"], { cwd: folder, env });
  const unpack = (packages: readonly string[]): void => {
    run("apt-get", ["-qq", "download", ...packages], { cwd: folder, env });
    for (const file of debsIn(folder)) run("dpkg-deb", ["--extract", join(folder, file), root]);
  };
  unpack(names);
  unpack(sharedDocumentation(root));
  const packages = debsIn(folder).map((file) => packageOf(root, join(folder, file)));
  return {
    root,
    release: readFileSync("/etc/os-release"),
    packagesOf: () => packages.filter(({ name }) => names.includes(name)),
  };
}

/** apt's folders, each our own, and no package installed. */
function writeSettings(architecture: Architecture, folder: string): string {
  for (const name of ["lists/partial", "cache/archives/partial"])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "status"), "");
  const settings = {
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    "Dir::State": folder,
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    // the folder is ours alone, so apt's own user could not write there
    "APT::Sandbox::User": "root",
  };
  const file = join(folder, "apt.conf");
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(""),
  );
  return file;
}

function debsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".deb"))
    .sort();
}

/** Packages that others of the same source leave their copyright to, by a link. */
function sharedDocumentation(root: string): string[] {
  const folders = names.map((name) => join(root, "usr/share/doc", name));
  const links = folders.filter((folder) => lstatSync(folder).isSymbolicLink());
  return [...new Set(links.map((link) => basename(readlinkSync(link))))];
}

function packageOf(root: string, deb: string): SystemPackage {
  const field = (name: string): string => read("dpkg-deb", ["--field", deb, name]).trim();
  const [name, version] = [field("Package"), field("Version")];
  const [, source = name, sourceVersion = version] = /^(\S+)(?: \((.+)\))?$/.exec(field("Source")) ?? [];
  return systemPackage(root, [name, version, field("Architecture"), source, sourceVersion], []);
}
