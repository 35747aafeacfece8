import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { CountersignError } from "../errors.ts";

/**
 * Puts a token where client-go's `tokenFile` finds it: whole at every moment, 0600, without a newline, which client-go
 * would send along. Written beside and renamed into place, so nobody ever reads half a token or none.
 * @throws ERR_CONFIGURATION naming the file or folder, which then hold what they held before.
 */
export function writeTokenFile(file: string, token: string): void {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    assertOurs(folder);
    replace(file, token);
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause;
    throw unwritable(file, `cannot be written (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

/**
 * Says beforehand what would be wrong with the folder of a token file, where there is one; makes nothing.
 * @throws ERR_CONFIGURATION naming it.
 */
export function checkTokenFolder(file: string): void {
  const folder = dirname(file);
  if (existsSync(folder)) assertOurs(folder);
}

/** Whoever may write the folder may put a token of his own there. */
function assertOurs(folder: string): void {
  const { uid, mode } = statSync(folder);
  if (uid !== 0 && uid !== process.geteuid?.()) throw unwritable(folder, `belongs to uid ${uid}`);
  if ((mode & 0o022) !== 0) throw unwritable(folder, "may be written by group or others");
}

function replace(file: string, token: string): void {
  const temporary = `${file}.${process.pid}`;
  const descriptor = openNew(temporary);
  try {
    // the umask may have taken more away than we want
    fchmodSync(descriptor, 0o600);
    writeFileSync(descriptor, token);
    // without it a machine that loses power may come back with the new name and an empty file
    fsyncSync(descriptor);
    renameSync(temporary, file);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Exclusively, so that a link someone put there is never written through. A crash may have left a file of our pid. */
function openNew(temporary: string): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  try {
    return openSync(temporary, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    unlinkSync(temporary);
    return openSync(temporary, flags, 0o600);
  }
}

function unwritable(path: string, problem: string, cause?: unknown): CountersignError {
  return new CountersignError(
    "ERR_CONFIGURATION",
    `token file: ${path} ${problem}: it takes a folder of this user's own that nobody else may write`,
    { cause },
  );
}
