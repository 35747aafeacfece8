import { isBuiltin } from "node:module";
import { join, relative } from "node:path";
import { type OutputChunk, type Plugin, rolldown } from "rolldown";

/**
 * What is loaded from where npm put it. client-node and undici are large and seldom wanted; OpenTelemetry's API has to be the
 * very one that the process' SDK registers with; koa-compose brings no licence text that could stand beside a copy.
 * Everything else is bundled: `serve` would load 440 small files, which is half of what it takes to start.
 */
export const external = /^(?:@kubernetes\/client-node|undici|@opentelemetry\/api|koa-compose)(?:\/|$)/;

/** Where code that several entries share goes: as deep below dist/ as the folders of src/ are. */
const chunkFolder = "chunks";

export interface PackageBundle {
  readonly root: string;
  readonly dist: string;
  /** Files below src/, each of which becomes the file of that name below dist/. */
  readonly entries: readonly string[];
}

/**
 * Bundles all entries as one graph, so that doors and commands share every class they have in common: an error thrown by
 * one is an instance for the other. Answers the files that went into it.
 */
export async function bundlePackage({ root, dist, entries }: PackageBundle): Promise<readonly string[]> {
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((file) => [relative("src", file).replace(/\.ts$/, ""), file])),
    platform: "node",
    external: (id) => external.test(id) || (isBuiltin(id) && !isHttp(id)),
    // depd writes its wrappers with it
    checks: { eval: false },
    plugins: [originalURL(root, entries), withoutUndici],
  });
  const { output } = await bundle.write({
    dir: dist,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: `${chunkFolder}/[name].js`,
  });
  await bundle.close();
  return output
    .filter((part): part is OutputChunk => part.type === "chunk")
    .flatMap(({ moduleIds }) => moduleIds);
}

/** `import.meta.url` goes on naming the module it is written in, wherever the bundler puts it. */
function originalURL(root: string, entries: readonly string[]): Plugin {
  return {
    name: "original-url",
    transform(code, id) {
      const file = relative(root, id);
      if (!file.startsWith("src/") || !code.includes("import.meta.url")) return undefined;
      if (entries.includes(file)) throw new Error(`${file}: an entry cannot ask where it lies`);
      const original = join("..", relative("src", file)).replace(/\.ts$/, ".js");
      return code.replaceAll("import.meta.url", `new URL(${JSON.stringify(original)}, import.meta.url).href`);
    },
  };
}

/**
 * To `import` `node:http` asks it for all of its exports, of which three are getters that load undici: 20 ms and 6 MB for
 * `WebSocket` and its events, which nothing here uses. Taken from the built-in module itself, the others come alone.
 */
const withoutUndici: Plugin = {
  name: "without-undici",
  resolveId: (id) => (isHttp(id) ? "\0http" : undefined),
  load: (id) => (id === "\0http" ? httpModule() : undefined),
};

function isHttp(id: string): boolean {
  return id === "http" || id === "node:http";
}

function httpModule(): string {
  const http = Object.getOwnPropertyDescriptors(process.getBuiltinModule("node:http"));
  const names = Object.keys(http).filter((name) => http[name as keyof typeof http]?.get === undefined);
  return `const http = process.getBuiltinModule("node:http");
export const { ${names.join(", ")} } = http;
export default http;`;
}
