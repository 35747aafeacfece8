/** What of a Pod says which images it runs or mounts. */
export interface Pod {
  readonly spec: {
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly ephemeralContainers?: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

interface Container {
  readonly name: string;
  readonly image?: string;
}

interface Volume {
  readonly name: string;
  readonly image?: { readonly reference?: string };
}

/** One image of a Pod. */
export interface PodImage {
  /** By which it is found in the Pod: `container "app"`. */
  readonly place: string;
  readonly image: string;
}

/** Every image of a Pod: of all kinds of containers, and of volumes that are images. */
export function podImages({ spec }: Pod): readonly PodImage[] {
  const { containers = [], initContainers = [], ephemeralContainers = [], volumes = [] } = spec;
  const images = volumes.flatMap(({ name, image }) =>
    image === undefined ? [] : [{ name, image: image.reference }],
  );
  return [
    ...placed("container", containers),
    ...placed("init container", initContainers),
    ...placed("ephemeral container", ephemeralContainers),
    ...placed("volume", images),
  ];
}

function placed(
  kind: string,
  items: readonly { readonly name: string; readonly image?: string | undefined }[],
): PodImage[] {
  return items.map(({ name, image = "" }) => ({ place: `${kind} "${name}"`, image }));
}
