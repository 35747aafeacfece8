import { type OutputChunk, type RolldownOptions, rolldown } from "rolldown";

/**
 * Bundles a program into one CommonJS file whose dynamic imports stay lazy. The bundler alone would hoist every `require`
 * of a lazily imported part to the top of the file; so the parts are kept apart, each as a function, which V8 does not even
 * compile before it is called.
 */
export async function bundleIntoOneFile(options: RolldownOptions): Promise<string> {
  const bundle = await rolldown(options);
  const { output } = await bundle.generate({
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name].cjs",
  });
  await bundle.close();
  const chunks = output.filter((part): part is OutputChunk => part.type === "chunk");
  const entry = chunks.find(({ isEntry }) => isEntry)!;
  return `"use strict";
const parts = {
${chunks.map(asPart).join(",\n")}
};
const loaded = Object.create(null);
const load = (id) => {
  if (!Object.hasOwn(parts, id)) return require(id);
  if (loaded[id] === undefined) {
    loaded[id] = { exports: {} };
    parts[id](loaded[id], loaded[id].exports, load);
  }
  return loaded[id].exports;
};
load(${JSON.stringify(idOf(entry))});
`;
}

function asPart(chunk: OutputChunk): string {
  return `${JSON.stringify(idOf(chunk))}: (module, exports, require) => {\n${chunk.code}}`;
}

/** As the chunks name one another. */
function idOf({ fileName }: OutputChunk): string {
  return `./${fileName}`;
}
