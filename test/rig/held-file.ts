import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { poll } from "./poll.ts";

/** A file that holds up whoever reads it, for orders of events that a quick disk shows once in a million times. */
export interface HeldFile {
  /** Resolves once somebody is reading it. What is said then is what the file says; the reader goes on. */
  read(): Promise<{ say(text: string): Promise<void> }>;
  /** Lets go whoever is still held: a process does not end before. */
  release(): void;
}

export function createHeldFile(path: string): HeldFile {
  execFileSync("mkfifo", [path]);
  return {
    async read() {
      const handle = await poll(`a reader of ${path}`, () => openForReader(path), { intervalMs: 2 });
      return {
        async say(text) {
          await handle.writeFile(text);
          await handle.close();
        },
      };
    },
    release() {
      closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    },
  };
}

async function openForReader(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return undefined;
    throw error;
  }
}
