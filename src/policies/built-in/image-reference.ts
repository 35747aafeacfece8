/** What names an image, as a container runtime reads it: with Docker Hub's defaults filled in. */
export interface ImageReference {
  /** Host and port, in lower case: `docker.io`, `registry.example:5000`. */
  readonly registry: string;
  /** The path below it: `library/nginx`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

// github.com/distribution/reference, regexp.go
const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domain = `(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?`;
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const tagPattern = "\\w[\\w.-]{0,127}";
// the algorithms that a digest may be of, and how long each makes it (github.com/opencontainers/go-digest)
const digestPattern = "sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}";
const reference = new RegExp(
  `^(${domain})/(${component}(?:/${component})*)(?::(${tagPattern}))?(?:@(${digestPattern}))?$`,
);
const maxRepositoryLength = 255;

/**
 * Reads an image's name as kubelet and containerd do (distribution/reference, `ParseNormalizedNamed`). Undefined for what
 * they could not pull.
 */
export function parseImageReference(image: string): ImageReference | undefined {
  // an identifier of a local image: it says of no registry
  if (/^[0-9a-f]{64}$/.test(image)) return undefined;
  const match = reference.exec(withRegistry(image));
  if (match === null) return undefined;
  const [, registry, repository, tag, digest] = match as unknown as [
    string,
    string,
    string,
    string?,
    string?,
  ];
  if (repository.length > maxRepositoryLength) return undefined;
  return { registry: registry.toLowerCase(), repository, tag, digest };
}

/** `nginx` is `docker.io/library/nginx`, `team/app` is `docker.io/team/app`, and `index.docker.io` another name of that host. */
function withRegistry(image: string): string {
  const [first, ...rest] = image.split("/") as [string, ...string[]];
  const isHost =
    rest.length > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  if (isHost && first !== "docker.io" && first !== "index.docker.io") return image;
  const path = isHost ? rest : [first, ...rest];
  return ["docker.io", ...(path.length === 1 ? ["library"] : []), ...path].join("/");
}
