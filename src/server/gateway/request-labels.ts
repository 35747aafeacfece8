import type { APIRequestMessage } from "../../diagnostics.ts";

/** What requests are called in metrics: a caller can ask for anything, and must not make up a label by it. */

const verbs = new Set(["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]);

/** `other` for a verb that resources do not have, empty where the request was refused before it had one. */
export function verbLabel(verb: string | undefined): string {
  if (verb === undefined || verb === "") return "";
  return verbs.has(verb) ? verb : "other";
}

/** What is served, by group. */
const served: Readonly<Record<string, readonly string[]>> = {
  "": ["pods", "pods/log", "nodes/proxy"],
  "authentication.k8s.io": ["selfsubjectreviews", "selfsubjectattributesreview"],
};

/** Resource and subresource; empty for a path that is none, `other` for what is not served here. */
export function resourceLabels({
  group = "",
  resource = "",
  subresource = "",
}: Pick<APIRequestMessage, "group" | "resource" | "subresource">): readonly [string, string] {
  if (resource === "") return ["", ""];
  const name = subresource === "" ? resource : `${resource}/${subresource}`;
  const isServed = Object.hasOwn(served, group) && served[group]!.includes(name);
  return isServed ? [resource, subresource] : ["other", ""];
}
