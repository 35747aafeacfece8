import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileEntry, type ImageEntry } from "./image-entry.ts";
import { read } from "./run-program.ts";

/** A package of the distribution that some of an image's libraries come from. */
export interface SystemPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package that it was built of, as advisories name it, and its version. */
  readonly source: string;
  readonly sourceVersion: string;
  readonly copyright: Buffer;
}

/** Where libraries lie, and of which packages they are. */
export interface SystemLibraries {
  readonly root: string;
  readonly packagesOf: (paths: readonly string[]) => readonly SystemPackage[];
  /** The distribution's `os-release`; undefined where none is told. */
  readonly release: Buffer | undefined;
}

const fields = ["Package", "Version", "Architecture", "source:Package", "source:Version"];

/** This machine's own. Where the distribution is not Debian's kin, nobody says of which package a file is. */
export function ownLibraries(): SystemLibraries {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release") : undefined;
  return { root: "/", release, packagesOf: existsSync("/var/lib/dpkg/status") ? ownPackages : () => [] };
}

function ownPackages(paths: readonly string[]): readonly SystemPackage[] {
  return [...new Set(paths.map(ownerOf))].sort().map((name) => {
    const [values] = show(fields, name);
    const siblings = show(["source:Package", "Package"]).filter(([source]) => source === values![3]);
    const names = siblings.map(([, sibling]) => sibling!);
    return systemPackage("/", values!, names);
  });
}

/** These fields of a package, or of all that are installed. */
function show(wanted: readonly string[], ...names: readonly string[]): string[][] {
  const format = wanted.map((field) => `\${${field}}`).join("\t");
  const lines = read("dpkg-query", ["--show", `--showformat=${format}\n`, ...names])
    .trimEnd()
    .split("\n");
  return lines.map((line) => line.split("\t"));
}

/** dpkg knows a file by the path it was packed with, which may be from before /lib became a link to /usr/lib. */
function ownerOf(path: string): string {
  const places = [path, path.startsWith("usr/") ? path.slice("usr/".length) : join("usr", path)];
  const { stdout } = spawnSync("dpkg-query", ["--search", ...places.map((place) => `/${place}`)], {
    encoding: "utf8",
  });
  const [, owner] = /^(\S+): /.exec(stdout) ?? [];
  if (owner === undefined) throw new Error(`dpkg knows of no package that brought /${path}`);
  return owner;
}

/**
 * Of the values of `fields`, in that order. Its copyright may lie with a sibling's: packages of one source share it by a
 * link, which an image with little documentation may lack.
 */
export function systemPackage(
  root: string,
  values: readonly string[],
  siblings: readonly string[],
): SystemPackage {
  const [name, version, architecture, source, sourceVersion] = values as readonly [
    string,
    string,
    string,
    string,
    string,
  ];
  const places = [name, ...siblings].map((one) => join(root, "usr/share/doc", one, "copyright"));
  const place = places.find((one) => existsSync(one));
  if (place === undefined)
    throw new Error(`${name} cannot be taken along: its copyright is not in ${places[0]}`);
  return { name, version, architecture, source, sourceVersion, copyright: readFileSync(place) };
}

/** What licences want to stand beside a copy, and what vulnerability scanners read to know what is in an image. */
export function packageEntries(
  packages: readonly SystemPackage[],
  release: Buffer | undefined,
): ImageEntry[] {
  const entries = packages.flatMap((one) => [
    fileEntry(`usr/share/doc/${one.name}/copyright`, one.copyright),
    fileEntry(`var/lib/dpkg/status.d/${one.name}`, statusOf(one)),
  ]);
  return release === undefined ? entries : [...entries, fileEntry("etc/os-release", release)];
}

/** A stanza of dpkg's, in a file of its own as images without dpkg have it. */
function statusOf({ name, version, architecture, source, sourceVersion }: SystemPackage): string {
  return `Package: ${name}
Status: install ok installed
Architecture: ${architecture}
Source: ${source} (${sourceVersion})
Version: ${version}
`;
}
