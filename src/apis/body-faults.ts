import type { GroupVersionKind } from "./meta.ts";

/** How API servers word what is wrong with a body: k8s.io/apiserver pkg/endpoints/handlers/{create,rest}.go. */

const summaryBytes = 30;

/** A body of which not even the kind can be read. */
export function unrecognizedBody(expectedKind: string, fault: string, body: Buffer): string {
  return `the object provided is unrecognized (must be of type ${expectedKind}): ${fault} (${summaryOf(body)})`;
}

/** A kind that is known and another than the path is for. */
export function unconvertibleKind(given: GroupVersionKind, expected: GroupVersionKind): string {
  const { version, kind } = given;
  // Go calls the package of a group's internal types by the first label of its name
  const internal = expected.group === "" ? "core" : expected.group.split(".")[0]!;
  return unhandledKind(
    given,
    expected,
    `converting (${version}.${kind}) to (${internal}.${expected.kind}): unknown conversion`,
  );
}

/** A kind that nobody knows. Upstream adds the line of its own source where it is not. */
export function unregisteredKind(given: GroupVersionKind, expected: GroupVersionKind): string {
  const { group, version, kind } = given;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return unhandledKind(
    given,
    expected,
    `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`,
  );
}

/** An object that cannot be read as what the path is for, and why. */
export function unhandledKind(
  { version, kind }: Pick<GroupVersionKind, "version" | "kind">,
  expected: Pick<GroupVersionKind, "kind">,
  fault: string,
): string {
  return `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${fault}`;
}

/** The right kind in another version than the path's. */
export function otherVersion(given: string, expected: string): string {
  return `the API version in the data (${given}) does not match the expected API version (${expected})`;
}

/** A body in a media type that nobody reads. */
export function unknownFormat(accepted: readonly string[]): string {
  return `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
}

function summaryOf(body: Buffer): string {
  if (body.length === 0) return "<empty>";
  const shown = body.subarray(0, summaryBytes).toString(body[0] === 0x7b ? "utf8" : "hex");
  return body.length > summaryBytes ? `${shown} ...` : shown;
}
