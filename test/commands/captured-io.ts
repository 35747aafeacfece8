import { Readable } from "node:stream";
import type { CommandIO } from "../../src/commands/command.ts";

/** A command's surroundings, with what it wrote. */
export interface CapturedIO extends CommandIO {
  readonly out: () => string;
  readonly err: () => string;
}

export function capturedIO(env: Record<string, string> = {}, stdin = ""): CapturedIO {
  const written = { out: "", err: "" };
  return {
    stdin: Readable.from([stdin]),
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
    env,
    out: () => written.out,
    err: () => written.err,
  };
}
