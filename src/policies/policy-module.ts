import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import {
  type LoadFnOutput,
  type LoadHookContext,
  type ResolveFnOutput,
  type ResolveHookContext,
  registerHooks,
  stripTypeScriptTypes,
} from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * The files a policy was read from, each with the hash of what was read: the policy's own and what it imports from
 * beside it, down to the last. A file that was looked for in vain is there as well, with {@link notFound}.
 */
export type PolicySources = Map<string, string>;

export const notFound = "not found";

/** Marks a module as part of a policy, and says of which load. Node keeps a module for every URL for ever. */
const marker = "countersign-policy";

/** What is being loaded now, by its marker. */
const loading = new Map<string, PolicySources>();
let loads = 0;
let registered = false;

/**
 * Imports a policy's file and everything beside it anew, as the files are now, TypeScript without a build. Fills
 * `sources` on the way, also where the import fails. Inside these files, and nowhere else in the process,
 * `countersign` and its doors are this very package, wherever the files lie.
 */
export async function importPolicyModule(file: string, sources: PolicySources): Promise<object> {
  if (!registered) registerHooks({ resolve, load });
  registered = true;
  loads++;
  const mark = `${loads}-${hash("sha256", readFileSync(file)).slice(0, 12)}`;
  loading.set(mark, sources);
  try {
    return await import(marked(pathToFileURL(file), mark));
  } finally {
    loading.delete(mark);
  }
}

/** The content hash that {@link PolicySources} hold. */
export function hashOf(source: string | Buffer): string {
  return hash("sha256", source);
}

function resolve(
  specifier: string,
  context: ResolveHookContext,
  nextResolve: (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput,
): ResolveFnOutput {
  const mark = markOf(specifier) ?? markOf(context.parentURL);
  if (mark === undefined) return nextResolve(specifier, context);
  const door = doorOf(specifier);
  if (door !== undefined) return nextResolve(door, context);
  if (!/^(?:\.|\/|file:|#)/.test(specifier)) return nextResolve(specifier, context);
  try {
    const found = nextResolve(specifier, context);
    return isModule(found.url)
      ? { ...found, url: marked(new URL(found.url), mark), format: formatOf(found.url) }
      : found;
  } catch (error) {
    noteMissing(specifier, context.parentURL, mark);
    throw error;
  }
}

function load(
  url: string,
  context: LoadHookContext,
  nextLoad: (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput,
): LoadFnOutput {
  const mark = markOf(url);
  if (mark === undefined || !isModule(url)) return nextLoad(url, context);
  const file = fileURLToPath(url);
  const source = readFileSync(file, "utf8");
  loading.get(mark)?.set(file, hashOf(source));
  // Node does this by itself except below node_modules, where it refuses to
  const strips = formatOf(url) === "module-typescript" && url.includes("/node_modules/");
  if (strips)
    return { format: "module", source: stripTypeScriptTypes(source, { sourceUrl: url }), shortCircuit: true };
  return { format: formatOf(url), source, shortCircuit: true };
}

/** A file that was imported and is not there may come later, and is then a reason to try again. */
function noteMissing(specifier: string, parentURL: string | undefined, mark: string): void {
  if (!specifier.startsWith(".")) return;
  loading.get(mark)?.set(fileURLToPath(new URL(specifier, parentURL)), notFound);
}

/** This package's own door, so that a policy's `Denial` is ours: in a clone the source, otherwise what was built of it. */
function doorOf(specifier: string): string | undefined {
  const match = /^countersign(?:\/([a-z]+))?$/.exec(specifier);
  if (match === null) return undefined;
  const index = import.meta.url.endsWith(".ts") ? "index.ts" : "index.js";
  const door = new URL(match[1] === undefined ? `../${index}` : `../${match[1]}/${index}`, import.meta.url);
  return existsSync(door) ? door.href : undefined;
}

function marked(url: URL, mark: string): string {
  url.searchParams.set(marker, mark);
  return url.href;
}

function markOf(url: string | undefined): string | undefined {
  if (url?.includes(marker) !== true || !URL.canParse(url)) return undefined;
  return new URL(url).searchParams.get(marker) ?? undefined;
}

function isModule(url: string): boolean {
  return url.startsWith("file:") && /\.m?[jt]s$/.test(new URL(url).pathname);
}

/** Always a module, whatever package.json stands above the file: a ConfigMap has none. */
function formatOf(url: string): "module" | "module-typescript" {
  return new URL(url).pathname.endsWith("ts") ? "module-typescript" : "module";
}
