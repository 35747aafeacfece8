import type { Architecture } from "./architecture.ts";
import type { Layer } from "./layer.ts";

/** What is said of an image beside its files. The Dockerfile says the same; a test compares them. */
export interface ImageConfiguration {
  readonly architecture: Architecture;
  /** Nothing here depends on the moment: the time of the commit, in seconds since the epoch. */
  readonly createdSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** uid and gid that own nothing; the number lets a kubelet see that it is not root (`runAsNonRoot`). */
export const user = "65532:65532";

export const entrypoint = [
  "/nodejs/bin/node",
  "/app/node_modules/countersign/dist/commands/countersign.cjs",
] as const;

/** The OCI image configuration (opencontainers/image-spec config.md). */
export function encodeConfiguration(
  { architecture, createdSeconds, labels }: ImageConfiguration,
  layers: readonly Layer[],
): Buffer {
  const created = new Date(createdSeconds * 1000).toISOString().replace(".000Z", "Z");
  const configuration = {
    created,
    architecture,
    os: "linux",
    config: {
      User: user,
      ExposedPorts: { "8080/tcp": {}, "8443/tcp": {} },
      Env: ["PATH=/nodejs/bin"],
      Entrypoint: entrypoint,
      WorkingDir: "/",
      Labels: labels,
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffID }) => diffID) },
    history: layers.map(({ name }) => ({ created, created_by: `countersign image: ${name}` })),
  };
  return Buffer.from(JSON.stringify(configuration));
}
