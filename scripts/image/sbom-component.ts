import type { LockedPackage } from "./lock-file.ts";
import type { SystemPackage } from "./system-packages.ts";

/** A component as CycloneDX writes it: the fields that we fill. */
export interface SbomComponent {
  readonly type: "application" | "library" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly cpe?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly object[];
}

export function npmComponent({ name, version, license, integrity }: LockedPackage): SbomComponent {
  const purl = npmURL(name, version);
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    purl,
    ...(integrity !== undefined && { hashes: hashesOf(integrity) }),
    ...(license !== undefined && { licenses: [licenseOf(license)] }),
  };
}

/** Node by the names that advisories about it use. */
export function nodeComponent({ version, sha256 }: { version: string; sha256?: string }): SbomComponent {
  const purl = `pkg:generic/node@${version}`;
  return {
    type: "platform",
    "bom-ref": purl,
    name: "node",
    version,
    purl,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    ...(sha256 !== undefined && { hashes: [{ alg: "SHA-256", content: sha256 }] }),
    licenses: [licenseOf("MIT")],
  };
}

/** `distribution` is its ID and version as `os-release` has them. Its licences are in its copyright file in the image. */
export function systemComponent(
  { name, version, architecture, source, sourceVersion }: SystemPackage,
  distribution: { readonly id: string; readonly version: string },
): SbomComponent {
  const { id } = distribution;
  const qualifiers = new URLSearchParams({ arch: architecture, distro: `${id}-${distribution.version}` });
  if (source !== name) qualifiers.set("upstream", `${source}@${sourceVersion}`);
  const purl = `pkg:deb/${id}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${qualifiers}`;
  return { type: "library", "bom-ref": purl, name, version, purl };
}

export function npmURL(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

/** `sha512-…` of a lock file, in hexadecimal. */
function hashesOf(integrity: string): SbomComponent["hashes"] & object {
  return integrity.split(" ").map((one) => {
    const [, bits, content] = /^sha(\d+)-(.+)$/.exec(one) as unknown as [string, string, string];
    return { alg: `SHA-${bits}`, content: Buffer.from(content, "base64").toString("hex") };
  });
}

/** One identifier of SPDX, or an expression of several. */
function licenseOf(license: string): object {
  return /^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license };
}
