import { type OutputChunk, type RolldownOptions, rolldown } from "rolldown";

/**
 * Bundles a program into one CommonJS file whose dynamic imports stay lazy. The bundler alone would hoist every `require`
 * of a lazily imported part to the top of the file; so the parts are kept apart, each as a function, and a large one as a
 * string: V8 reads even a function that is never called, and skips a string (60 KB: 1.6 and 0.6 ms).
 */
export async function bundleIntoOneFile(options: RolldownOptions): Promise<string> {
  const bundle = await rolldown(options);
  const { output } = await bundle.generate({
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name].cjs",
    // what explains and names is in the source; here it would only be read past, every time: a millisecond of 30
    comments: false,
    minify: true,
  });
  await bundle.close();
  const chunks = output.filter((part): part is OutputChunk => part.type === "chunk");
  const [entry, ...lazy] = chunks.toSorted((left, right) => Number(right.isEntry) - Number(left.isEntry));
  // called where it is written, the entry is compiled once; a function that waits in a table is read twice
  return `"use strict";
const parts = {
${lazy.map((chunk) => `${nameOf(chunk)}: ${asPart(chunk)}`).join(",\n")}
};
const loaded = { ${nameOf(entry!)}: { exports: {} } };
const compiled = (id) => {
  if (typeof parts[id] === "function") return parts[id];
  return require("node:vm").compileFunction(parts[id], ["module", "exports", "require"], { filename: id });
};
const load = (id) => {
  if (loaded[id] === undefined) {
    if (!Object.hasOwn(parts, id)) return require(id);
    loaded[id] = { exports: {} };
    compiled(id)(loaded[id], loaded[id].exports, load);
  }
  return loaded[id].exports;
};
(${asFunction(entry!)})(loaded[${nameOf(entry!)}], loaded[${nameOf(entry!)}].exports, load);
`;
}

/** Compiling a string takes `node:vm`, which is worth it from some size on. */
const smallBytes = 8 * 1024;

function asPart(chunk: OutputChunk): string {
  return chunk.code.length < smallBytes ? asFunction(chunk) : JSON.stringify(chunk.code);
}

function asFunction({ code }: OutputChunk): string {
  return `(module, exports, require) => {\n${code}}`;
}

/** As the chunks name one another. */
function nameOf({ fileName }: OutputChunk): string {
  return JSON.stringify(`./${fileName}`);
}
