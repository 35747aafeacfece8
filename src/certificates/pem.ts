import { readFile } from "node:fs/promises";
import { CountersignError } from "../errors.ts";

/** Reads a PEM file as text. @throws ERR_CERTIFICATE_INVALID naming the file. */
export async function readPemFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw certificateError(file, (cause as Error).message, cause);
  }
}

/** The certificates of a PEM text, one string each, in order. */
export function certificateBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

export function certificateError(file: string, problem: string, cause?: unknown): CountersignError {
  const options = cause === undefined ? undefined : { cause };
  return new CountersignError("ERR_CERTIFICATE_INVALID", `${file}: ${problem}`, options);
}
