import { chmodSync, lstatSync, mkdirSync, readdirSync, renameSync, type Stats, unlinkSync } from "node:fs";
import { createConnection, type Server } from "node:net";
import { dirname, join } from "node:path";
import { folderFault } from "../credentials/private-path.ts";
import { CountersignError } from "../errors.ts";

/** What fits into `sockaddr_un` on Linux, without its closing zero. */
const maxPathBytes = 107;

/** A socket in the file system that a server listens on. */
export interface SocketFile {
  /** Whether the path still leads to this server. */
  readonly intact: boolean;
  /** Removes it, unless another server's stands there by now. */
  remove(): void;
}

/**
 * Listens at a path that is this user's alone: 0600 in a folder of mode 0700, from the first moment it can be seen. What
 * a dead server left there is replaced.
 * @throws ERR_CONFIGURATION for a folder that is not private, a path that is something else, and a server that lives.
 */
export async function listenOnSocketFile(server: Server, path: string): Promise<SocketFile> {
  // bound under another name and renamed: whoever sees the socket sees it with its mode, never without
  const temporary = temporaryOf(path);
  assertSocketLength(path);
  prepareSocketFolder(path);
  await assertNobodyThere(path);
  removeFile(temporary);
  await listen(server, temporary);
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
  const ours = lstatSync(path);
  const isOurs = (): boolean => isSameFile(lstatSync(path, { throwIfNoEntry: false }), ours);
  return {
    get intact() {
      return isOurs();
    },
    remove() {
      if (isOurs()) removeFile(path);
    },
  };
}

/**
 * Makes the folder of a socket, with mode 0700. The kubelet makes a `hostPath` folder with mode 0755: as long as there is
 * nothing in it and nobody else may write it, it is made ours; a folder with something in it has other users.
 * @throws ERR_CONFIGURATION for a folder that is not private.
 */
export function prepareSocketFolder(path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (folderFault(folder) !== undefined && isFresh(folder)) chmodSync(folder, 0o700);
  assertPrivate(folder);
}

/**
 * Says beforehand what would be wrong with a socket, and makes nothing.
 * @throws ERR_CONFIGURATION for a path that is too long, and a folder that is there and not private.
 */
export function checkSocketPath(path: string): void {
  assertSocketLength(path);
  const folder = dirname(path);
  if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined && !isFresh(folder)) assertPrivate(folder);
}

function temporaryOf(path: string): string {
  return join(dirname(path), `.${process.pid}`);
}

function assertSocketLength(path: string): void {
  if (Math.max(Buffer.byteLength(path), Buffer.byteLength(temporaryOf(path))) > maxPathBytes)
    throw wrong(path, `is longer than the ${maxPathBytes} bytes a socket's path may have`);
}

function isFresh(folder: string): boolean {
  const stats = lstatSync(folder);
  const isOurs = stats.uid === process.geteuid?.() && (stats.mode & 0o022) === 0;
  return stats.isDirectory() && isOurs && readdirSync(folder).length === 0;
}

function assertPrivate(folder: string): void {
  const fault = folderFault(folder);
  if (fault !== undefined)
    throw wrong(folder, `${fault}: give the socket a folder of mode 0700 that is this user's own`);
}

async function assertNobodyThere(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) throw wrong(path, "is there already and is not a socket");
  if (await answers(path)) throw wrong(path, "is the socket of an agent that is running");
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket
      .once("connect", () => settle(true))
      .once("error", (error: NodeJS.ErrnoException) => {
        // a full backlog is a living server's
        settle(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
      });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(wrong(path, `cannot be listened on (${cause.code})`, cause)),
    );
    server.listen(path, resolve);
  });
}

function removeFile(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) unlinkSync(path);
}

function isSameFile(one: Stats | undefined, other: Stats): boolean {
  return one !== undefined && one.ino === other.ino && one.dev === other.dev;
}

function wrong(path: string, problem: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_CONFIGURATION", `socket: ${path} ${problem}`, { cause });
}
