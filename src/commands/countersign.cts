#!/usr/bin/env node
// The executable. CommonJS and without an import before the version is known to do: on an older Node everything behind
// this file fails while loading (type stripping, client-node 2, undici 8), with messages that help nobody. So: syntax
// that Node 20 reads, and no type annotation.
const needed = [22, 19]; // client-node 2 needs 22.19
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `countersign needs Node ${needed.join(".")} or later, this is ${process.versions.node}\n`,
  );
  process.exitCode = 2;
} else if (process.argv[2] === "exec-credential") {
  // on the request path of an API server: one CommonJS file, not the command table. A clone has no bundle.
  if (__filename.endsWith(".cjs")) require("./exec-credential.cjs");
  else void import("./exec-credential-program.ts");
} else {
  void import("./main.ts").then(({ main }) => main());
}
