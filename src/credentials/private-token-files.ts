import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CountersignError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { folderFault, privacyFault } from "./private-path.ts";
import type { Token } from "./token-source.ts";

/** Keeps tokens between two runs of a process, one file for each key. */
export interface TokenFiles {
  /** The token kept under this key, or undefined: none, or a file that is not one of ours. */
  read(key: string): Token | undefined;
  write(key: string, token: Token): void;
}

/** A token is 1 to 2 KB, a cluster's CA bundle in the key up to 128 KiB (one environment string on Linux). */
const maxFileBytes = 256 * 1024;

/**
 * Keeps tokens in a folder that is nobody else's: made with mode 0700 where it is missing, files 0600, replaced by
 * rename. Nothing is read or written through a symbolic link, in a folder or file of another owner, or in one that
 * group or others may enter.
 *
 * @throws ERR_CONFIGURATION from `read` and `write`, naming the folder or file that is not private.
 */
export function createPrivateTokenFiles({ folder }: { readonly folder: string }): TokenFiles {
  return {
    read(key) {
      if (!isPrivateFolder(folder)) return undefined;
      const text = readPrivate(join(folder, fileName(key)));
      return text === undefined ? undefined : decode(key, text);
    },
    write(key, token) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      isPrivateFolder(folder);
      replace(join(folder, fileName(key)), encode(key, token));
    },
  };
}

function isPrivateFolder(folder: string): boolean {
  const fault = folderFault(folder);
  if (fault === "missing") return false;
  if (fault !== undefined) throw notPrivate(folder, fault);
  return true;
}

function readPrivate(file: string): string | undefined {
  // without O_NONBLOCK a FIFO in the file's place would hang us
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = open(file, flags);
  if (descriptor === undefined) return undefined;
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw notPrivate(file, "is not a regular file");
    const fault = privacyFault(stats);
    if (fault !== undefined) throw notPrivate(file, fault);
    return stats.size > maxFileBytes ? undefined : readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

function open(file: string, flags: number): number | undefined {
  try {
    return openSync(file, flags);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw notPrivate(file, code === "ELOOP" ? "is a symbolic link" : `cannot be opened (${code})`, cause);
  }
}

function replace(file: string, text: string): void {
  // exclusive, so a file or link that someone put there is never written through
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
    renameSync(temporary, file);
  } catch (cause) {
    // a crash may have left one of the same pid: the next run finds the name free
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") unlinkSync(temporary);
    throw notPrivate(file, `cannot be written (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

/**
 * FNV-1a twice over. Only a file name: which token it is, the key inside says, so two keys of one name replace one another
 * and are never mistaken. (`node:crypto` would cost 1.6 ms of a process of 25.)
 */
function fileName(key: string): string {
  let left = 0x811c9dc5;
  let right = 0x01000193;
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    left = Math.imul(left ^ unit, 0x01000193);
    right = Math.imul(right ^ unit, 0x85ebca6b);
  }
  return `${hex(left)}${hex(right)}.json`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

function encode(key: string, { token, requestedAt, expiresAt }: Token): string {
  return JSON.stringify({ key, requestedAt, expiresAt, token: token.reveal() });
}

function decode(key: string, text: string): Token | undefined {
  try {
    const kept = JSON.parse(text) as Record<string, unknown>;
    const { token, requestedAt, expiresAt } = kept;
    if (kept.key !== key || typeof token !== "string" || token === "") return undefined;
    if (!Number.isSafeInteger(requestedAt) || !Number.isSafeInteger(expiresAt)) return undefined;
    return { token: new Secret(token), requestedAt: requestedAt as number, expiresAt: expiresAt as number };
  } catch {
    return undefined;
  }
}

function notPrivate(path: string, problem: string, cause?: unknown): CountersignError {
  const cure = "tokens are kept only in a directory of mode 0700 that is this user's own";
  return new CountersignError("ERR_CONFIGURATION", `cache: ${path} ${problem}: ${cure}`, { cause });
}
