import { CountersignError } from "../errors.ts";
import type { Authorizer } from "./authorizer.ts";

/**
 * Allows everybody these paths, whatever the verb, and has no opinion on others nor on resources. A path that ends in `*`
 * stands for all that begin like it; a leading slash makes no difference (kubernetes/apiserver pkg/authorization/path).
 * @throws ERR_CONFIGURATION for a `*` elsewhere.
 */
export function createAlwaysAllowedPathsAuthorizer(paths: readonly string[]): Authorizer {
  const exact = new Set<string>();
  const prefixes: string[] = [];
  for (const path of paths.map(bare)) {
    const at = path.indexOf("*");
    if (at >= 0 && at < path.length - 1)
      throw new CountersignError(
        "ERR_CONFIGURATION",
        `alwaysAllowPaths: ${JSON.stringify(path)}: only a trailing * is allowed`,
      );
    if (at < 0) exact.add(path);
    else prefixes.push(path.slice(0, -1));
  }
  return {
    authorize({ nonResource }) {
      const path = nonResource?.path === undefined ? undefined : bare(nonResource.path);
      const allowed =
        path !== undefined && (exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix)));
      return { decision: allowed ? "allow" : "noOpinion", reason: "" };
    },
  };
}

function bare(path: string): string {
  return path.startsWith("/") ? path.slice(1) : path;
}
