import { lstatSync, type Stats } from "node:fs";

/**
 * Why a path is not this user's alone: of another owner, or open to group or others. Undefined where it is. Windows has
 * neither owner nor mode to go by.
 */
export function privacyFault({ uid, mode }: Pick<Stats, "uid" | "mode">): string | undefined {
  if (process.geteuid === undefined) return "cannot be shown to be private on this system";
  if (uid !== process.geteuid()) return `belongs to uid ${uid}`;
  return (mode & 0o077) === 0 ? undefined : `has mode ${(mode & 0o777).toString(8).padStart(4, "0")}`;
}

/** Why a folder is not this user's alone, a symbolic link to one included; "missing" where there is none. */
export function folderFault(folder: string): string | undefined {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return "missing";
  return stats.isDirectory() ? privacyFault(stats) : "is not a directory itself";
}
