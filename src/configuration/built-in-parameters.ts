import * as z from "zod/mini";
import { listOf } from "./configuration-fields.ts";

/**
 * The built-in policies' names, and what each may be told under `policy.parameters`. They are fields of the configuration
 * file like all others, so that a fault in one has a line.
 */

// the grammar of image names (distribution/reference), a host at its beginning, no tag and no digest at its end
const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const host = `(?:\\[[0-9a-fA-F:]+\\]|${label}(?:\\.${label})*)(?::[0-9]+)?`;
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const prefixPattern = new RegExp(`^(${host})(?:/${component})*/?$`);

const registry = z.string().check((part) => {
  const fault = prefixFault(part.value);
  if (fault === undefined) return;
  part.issues.push({ code: "custom", message: fault, input: part.value, continue: true });
});

function prefixFault(prefix: string): string | undefined {
  if (prefix.includes("://")) return "must not begin with a scheme: write registry.example/team/";
  if (prefix.includes("*")) return "must not hold *: everything below the last / is trusted as it is";
  const [, host] = prefixPattern.exec(prefix) ?? [];
  if (host === undefined)
    return "must be a registry's host and, where not all of it is trusted, a path in lower case, without tag or digest";
  // as container runtimes tell a host from Docker Hub's folders
  if (!/[.:]/.test(host) && host !== "localhost")
    return "must begin with a registry's host: Docker Hub's images are docker.io/library/nginx, docker.io/team/";
  return undefined;
}

export const builtInParameters = {
  "trusted-registries": z.strictObject({
    registries: listOf(registry).check(
      z.describe(
        "Where images may come from: registry.example, registry.example/team/, docker.io/library/nginx.",
      ),
    ),
  }),
};

export type BuiltInName = keyof typeof builtInParameters;
export const builtInNames = Object.keys(builtInParameters) as [BuiltInName, ...BuiltInName[]];

/** What a built-in policy is told, once it has been judged. */
export type BuiltInParameters<Name extends BuiltInName> = z.output<(typeof builtInParameters)[Name]>;
