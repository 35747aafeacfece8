import { hash } from "node:crypto";
import { dependenciesOf, type LockedPackage, type LockFile } from "./lock-file.ts";
import { nodeComponent, npmComponent, npmURL, type SbomComponent } from "./sbom-component.ts";

export interface SbomOptions {
  readonly lockFile: LockFile;
  /** `sha256` where it is one program and not only a version. */
  readonly node: { readonly version: string; readonly sha256?: string };
  readonly systemComponents: readonly SbomComponent[];
  readonly createdSeconds: number;
}

/**
 * What is in the package, or in an image of it, as CycloneDX 1.6 JSON: what was bundled too, what only development needs
 * not. The same content gives the same text, as it is numbered by its own hash and dated by its commit.
 */
export function encodeSbom({ lockFile, node, systemComponents, createdSeconds }: SbomOptions): string {
  const { own, production } = lockFile;
  const packages = distinct([...production.map(npmComponent), nodeComponent(node), ...systemComponents]);
  const content = {
    metadata: {
      timestamp: new Date(createdSeconds * 1000).toISOString(),
      component: { ...npmComponent(own), type: "application" },
    },
    components: packages,
    dependencies: distinct([own, ...production].map((one) => references(one, lockFile))),
  };
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    ...content,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

interface References {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

function references(one: LockedPackage, lockFile: LockFile): References {
  const dependsOn = dependenciesOf(one, lockFile).map(({ name, version }) => npmURL(name, version));
  return { ref: npmURL(one.name, one.version), dependsOn: [...new Set(dependsOn)].sort() };
}

/** In one order, each once: a package may be installed in two places. */
function distinct<T extends SbomComponent | References>(items: readonly T[]): T[] {
  const keyOf = (item: SbomComponent | References): string => ("ref" in item ? item.ref : item["bom-ref"]);
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  return [...byKey].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, item]) => item);
}

/** A UUID of version 8, which RFC 9562 leaves to whoever makes it. */
function uuidOf(text: string): string {
  const digits = hash("sha256", text);
  const variant = ((Number.parseInt(digits[16]!, 16) & 0x3) | 0x8).toString(16);
  const [a, b] = [digits.slice(0, 8), digits.slice(8, 12)];
  return `${a}-${b}-8${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
