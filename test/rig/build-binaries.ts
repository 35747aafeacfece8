import { type BinaryRelease, releases, resolveBinary } from "./binaries.ts";
import { nodePrograms } from "./node/node-binaries.ts";

const kubernetes = releases["kubernetes-1.37"];

/** By suite, in the order in which it needs them; helm is built by the charts' own tests, which come first. */
const needed: Readonly<Record<string, readonly (readonly [name: string, release: BinaryRelease])[]>> = {
  e2e: [
    ["etcd", releases.etcd],
    ["kube-apiserver", kubernetes],
    ["kubectl", kubernetes],
    ["kube-controller-manager", kubernetes],
    ["sample-apiserver", releases["sample-apiserver"]],
    ["kubectl", releases["kubernetes-1.28"]],
    ["kube-apiserver", releases["kubernetes-1.34"]],
  ],
  cluster: Object.entries(nodePrograms),
};

/**
 * `node test/rig/build-binaries.ts e2e|cluster`: builds ahead what a suite will look for, while another one runs. What cannot be
 * built is left to the suite, which says so as its own.
 */
for (const suite of process.argv.slice(2))
  for (const [name, release] of needed[suite] ?? [])
    await resolveBinary(name, release, (line) => void process.stdout.write(`${line}\n`)).catch(
      (error: unknown) => {
        process.stdout.write(`${String(error)}\n`);
      },
    );
