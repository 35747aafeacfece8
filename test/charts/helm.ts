import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { releases, resolveBinary } from "../rig/binaries.ts";
import { type Finished, run } from "../rig/child-process.ts";
import { chartFolder } from "./chart-values.ts";

/** An object as a chart renders it. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // whatever the kind has
  readonly [field: string]: ReturnType<typeof JSON.parse>;
}

export type Values = Readonly<Record<string, unknown>>;

export const release = { name: "countersign", namespace: "countersign-system" } as const;

/** Runs helm in a home of its own. */
export async function helm(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const { file } = await resolveBinary("helm", releases.helm, () => undefined);
  const home = await mkdtemp(join(tmpdir(), "countersign-helm-"));
  try {
    const homes = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
    return await run(file, args, { env: { PATH: process.env.PATH, HOME: home, ...homes, ...env } });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** `helm COMMAND` on the chart with these values. */
export async function withValues<T>(
  values: Values,
  use: (args: readonly string[]) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-values-"));
  try {
    const file = join(folder, "values.yaml");
    await writeFile(file, JSON.stringify(values));
    return await use([chartFolder, "--values", file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `helm template` as it ends. */
export function template(values: Values, more: readonly string[] = []): Promise<Finished> {
  return withValues(values, (args) =>
    helm(["template", release.name, ...args, "--namespace", release.namespace, ...more]),
  );
}

/** What the chart renders; test hooks too. */
export async function render(values: Values): Promise<readonly RenderedObject[]> {
  return parseManifests(await renderText(values));
}

export async function renderText(values: Values): Promise<string> {
  const { code, stdout, stderr } = await template(values);
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  return stdout;
}

/** What NOTES say. */
export async function notes(values: Values): Promise<string> {
  const { code, stdout, stderr } = await withValues(values, (args) =>
    helm(["install", release.name, ...args, "-n", release.namespace, "--dry-run=client"]),
  );
  if (code !== 0) throw new Error(`helm install: ${stderr}`);
  return stdout.slice(stdout.indexOf("NOTES:\n") + "NOTES:\n".length);
}

export function parseManifests(text: string): readonly RenderedObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (!("errors" in document) || document.errors.length > 0) throw new Error(String(document.errors));
    const value: unknown = document.toJS();
    return value === null ? [] : [value as RenderedObject];
  });
}

export function isTestHook({ metadata }: RenderedObject): boolean {
  return metadata.annotations?.["helm.sh/hook"] === "test";
}

/** Whether an object is a part of server, agent, gateway, test or monitoring. */
export function isOf({ metadata }: RenderedObject, component: string): boolean {
  return metadata.labels?.["app.kubernetes.io/component"] === component;
}

/** The one object of this kind and name. */
export function one(
  objects: readonly RenderedObject[],
  kind: string,
  name: string = release.name,
): RenderedObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} objects are ${kind} ${name}`);
  return found[0];
}
