import { readFile } from "node:fs/promises";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { expiryOf } from "./token-payload.ts";
import type { Token, TokenSource } from "./token-source.ts";

/** client-go takes a token file for good for a minute (transport/token_source.go). */
const trustedMs = 60_000;

/** Which file holds the token. */
export interface FileTokenSourceOptions {
  readonly file: string;
  /** Given out while the file has never been readable. */
  readonly initial?: Secret | undefined;
  /** Told when a read failed and an earlier content goes on being used. */
  readonly onReadError?: (error: unknown) => void;
  readonly clock?: Clock;
}

/**
 * The token a file holds: read on every call, so wrap it in a cached source, which comes back every 48 s or so. What it
 * hands out is trusted for a minute, or until the token itself expires. When the file cannot be read or is empty, its
 * last good content goes on being used.
 * @throws ERR_KUBECONFIG naming the file, where there is no last good content.
 */
export function createFileTokenSource(options: FileTokenSourceOptions): TokenSource {
  const { file, onReadError, clock = systemClock } = options;
  let lastGood = options.initial;
  return {
    async token(): Promise<Token> {
      const requestedAt = clock.now();
      try {
        lastGood = await readToken(file);
      } catch (error) {
        if (lastGood === undefined) throw error;
        onReadError?.(error);
      }
      const trustedUntil = requestedAt + trustedMs;
      return {
        token: lastGood,
        requestedAt,
        expiresAt: Math.min(trustedUntil, expiryOf(lastGood) ?? trustedUntil),
      };
    },
  };
}

async function readToken(file: string): Promise<Secret> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new CountersignError("ERR_KUBECONFIG", `token file ${file} cannot be read (${cause.code})`, {
      cause,
    });
  });
  const token = text.trim();
  if (token === "") throw new CountersignError("ERR_KUBECONFIG", `token file ${file} is empty`);
  return new Secret(token);
}
