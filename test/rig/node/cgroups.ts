import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { poll } from "../poll.ts";

const prefix = "countersign-";

export interface Cgroup {
  /** As the kubelet's `cgroupRoot` wants it. */
  readonly root: string;
  /** Everything below it; waits until its last process has been reaped. */
  remove(): Promise<void>;
}

/** A cgroup of this process in every hierarchy of the machine, beside its others; what an earlier run had to leave is removed. */
export function createCgroup(mounts = readFileSync("/proc/self/mounts", "utf8")): Cgroup {
  const hierarchies = hierarchiesOf(mounts);
  for (const { path } of hierarchies) sweep(path);
  const name = `${prefix}${process.pid}`;
  // where version 1 holds the controllers, the unified hierarchy beside it has none; runc makes its own folders there
  const old = hierarchies.filter(({ unified }) => !unified);
  for (const hierarchy of old.length > 0 ? old : hierarchies) create(hierarchy, name);
  return {
    root: `/${name}`,
    remove: () =>
      poll("the node's cgroups to be removed", () => gone(hierarchies, name)).then(() => undefined),
  };
}

interface Hierarchy {
  readonly path: string;
  readonly unified: boolean;
}

function hierarchiesOf(mounts: string): readonly Hierarchy[] {
  return mounts
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([, path = "", type = ""]) =>
      type === "cgroup" || type === "cgroup2" ? [{ path, unified: type === "cgroup2" }] : [],
    );
}

function create({ path, unified }: Hierarchy, name: string): void {
  const own = join(path, name);
  mkdirSync(own, { recursive: true });
  if (unified) {
    for (const controller of ["cpu", "cpuset", "memory", "pids", "io", "hugetlb"])
      for (const folder of [path, own]) delegate(folder, controller);
    return;
  }
  // a cpuset starts empty, and nothing runs in it until it is told where
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    if (existsSync(join(path, file))) writeFileSync(join(own, file), readFileSync(join(path, file)));
}

/** A controller that the machine does not pass on is one the kubelet does without, or names in its log. */
function delegate(folder: string, controller: string): void {
  try {
    writeFileSync(join(folder, "cgroup.subtree_control"), `+${controller}`);
  } catch {}
}

/** Whoever was killed with its namespaces could not remove its own. */
function sweep(hierarchy: string): void {
  for (const name of readdirSync(hierarchy))
    if (name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length)}`))
      removeTree(join(hierarchy, name));
}

function gone(hierarchies: readonly Hierarchy[], name: string): true | undefined {
  for (const { path } of hierarchies) removeTree(join(path, name));
  return hierarchies.some(({ path }) => existsSync(join(path, name))) ? undefined : true;
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  try {
    rmdirSync(folder);
  } catch {}
}
