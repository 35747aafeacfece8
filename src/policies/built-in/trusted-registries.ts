import { definePolicy, type Policy } from "../../admission/policy.ts";
import type { BuiltInParameters } from "../../configuration/built-in-parameters.ts";
import { parseImageReference } from "./image-reference.ts";
import { type Pod, type PodImage, podImages } from "./pod-images.ts";

/**
 * Pods run images of these registries only. Whatever makes Pods (a Deployment, a Job) is judged by the Pods it makes. An
 * image that a Pod has already is not judged again, so that a list that became shorter does not stop the Pod from being
 * labelled or deleted.
 */
export function createTrustedRegistries({
  registries,
}: BuiltInParameters<"trusted-registries">): Policy<Pod> {
  const prefixes = registries.map(normalized);
  return definePolicy<Pod>({
    name: "trusted-registries",
    match: [
      {
        operations: ["CREATE", "UPDATE"],
        apiGroups: [""],
        apiVersions: ["v1"],
        resources: ["pods", "pods/ephemeralcontainers"],
      },
    ],
    validate({ object, oldObject, deny }) {
      const before = new Set((oldObject ? podImages(oldObject) : []).map(keyOf));
      const untrusted = podImages(object).filter(
        (one) => !before.has(keyOf(one)) && !isTrusted(one.image, prefixes),
      );
      if (untrusted.length === 0) return true;
      return deny(`${firstOf(untrusted.map(described), "; ")}. Trusted: ${firstOf(registries, ", ")}`);
    },
  });
}

function keyOf({ place, image }: PodImage): string {
  return `${place} ${image}`;
}

/** A prefix ends where a name of the path does: `registry.example/team` is not the beginning of `registry.example/teams/x`. */
function isTrusted(image: string, prefixes: readonly string[]): boolean {
  const reference = parseImageReference(image);
  if (reference === undefined) return false;
  const name = `${reference.registry}/${reference.repository}`;
  return prefixes.some(
    (prefix) => name === prefix || name.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`),
  );
}

/** As images are: the host in lower case, and Docker Hub by its one name. */
function normalized(registry: string): string {
  const [host, ...path] = registry.split("/") as [string, ...string[]];
  const name = host.toLowerCase();
  return [name === "index.docker.io" ? "docker.io" : name, ...path].join("/");
}

function described({ place, image }: PodImage): string {
  const reference = parseImageReference(image);
  if (reference === undefined) return `${place}: ${JSON.stringify(image)} is no image's name`;
  const full = `${reference.registry}/${reference.repository}`;
  const meant = image.startsWith(full) ? "" : ` (${full})`;
  return `${place}: ${image}${meant} is from no trusted registry`;
}

/** Enough to go on with: a message is read in a terminal. */
const shown = 10;

function firstOf(items: readonly string[], separator: string): string {
  const more = items.length > shown ? [`and ${items.length - shown} more`] : [];
  return [...items.slice(0, shown), ...more].join(separator);
}
