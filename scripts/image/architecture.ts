/** Architectures as image registries and Debian call them. */
export type Architecture = "amd64" | "arm64";

interface Names {
  /** As npm's packages of Node call it. */
  readonly npm: string;
  /** As the linker calls it. */
  readonly machine: "x86_64" | "aarch64";
}

export const architectures: Readonly<Record<Architecture, Names>> = {
  amd64: { npm: "x64", machine: "x86_64" },
  arm64: { npm: "arm64", machine: "aarch64" },
};

/** This machine's. */
export const ownArchitecture: Architecture = process.arch === "arm64" ? "arm64" : "amd64";

export function isArchitecture(text: string): text is Architecture {
  return Object.hasOwn(architectures, text);
}
