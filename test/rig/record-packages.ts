import { registerHooks } from "node:module";

// Preloaded into a child process: prints the packages that were loaded, however they were asked for, when it ends.
const loaded = new Set<string>();
registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(resolved.url) ?? [];
    if (name !== undefined) loaded.add(name);
    return resolved;
  },
});
process.once("exit", () => process.stdout.write(JSON.stringify([...loaded])));
