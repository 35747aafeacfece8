import { readFile } from "node:fs/promises";
import type { KeySource } from "../../authentication/token-issuer.ts";
import { CountersignError } from "../../errors.ts";

export interface JWKSFileSourceOptions {
  /** The `iss` of the tokens these keys verify. */
  readonly issuer: string;
  readonly file: string;
}

/** ten RSA-4096 keys take 10 KiB */
const maxFileBytes = 1024 * 1024;

/** An issuer's keys from a JWKS file: no network at all. @throws ERR_ISSUER_UNAVAILABLE from `fetchKeys`, naming the file. */
export function createJWKSFileSource({ issuer, file }: JWKSFileSourceOptions): KeySource {
  return {
    async fetchKeys({ signal }) {
      try {
        const text = await readFile(file, { encoding: "utf8", signal });
        if (text.length > maxFileBytes) throw new Error(`longer than ${maxFileBytes} bytes`);
        return { issuer, jwks: JSON.parse(text) as unknown };
      } catch (cause) {
        const problem = cause instanceof SyntaxError ? "is not JSON" : (cause as Error).message;
        throw new CountersignError("ERR_ISSUER_UNAVAILABLE", `${file}: ${problem}`, { cause });
      }
    },
  };
}
