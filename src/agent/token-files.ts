import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import type { Clock } from "../clock.ts";
import type { AgentConfiguration } from "../configuration/agent-configuration.ts";
import { placeholderToken } from "../credentials/exec-credential.ts";
import { privacyFault } from "../credentials/private-path.ts";
import { writeTokenFile } from "../credentials/token-file-writer.ts";
import { expiryOf } from "../credentials/token-payload.ts";
import { Secret } from "../secret.ts";
import type { EndpointHandle, EndpointTokens } from "./endpoint-tokens.ts";

/** A token is 1 to 2 KB; whatever is longer is not ours. */
const maxTokenBytes = 64 * 1024;

export interface TokenFilesOptions {
  readonly files: AgentConfiguration["tokenFiles"];
  readonly tokens: EndpointTokens;
  readonly clock: Clock;
  /** Told of every write, and every one that failed. */
  readonly onWrite: (write: TokenFileWrite) => void;
}

export interface TokenFileWrite {
  readonly host: string;
  readonly file: string;
  readonly content: "token" | "placeholder";
  readonly error?: unknown;
}

/** The token files of kubeconfig users, each with a token that is good for two minutes more, while there is one. */
export interface TokenFiles {
  /** Makes every file, so that none is missing when an API server first looks: it would not look again. */
  prepare(): void;
  /** Writes what has changed. */
  update(): void;
  /** By host: why its file could not be written. */
  faults(): ReadonlyMap<string, unknown>;
}

interface KeptFile {
  readonly host: string;
  readonly file: string;
  readonly endpoint: EndpointHandle;
  written?: { readonly text: Secret; readonly expiresAt: number } | undefined;
  error?: unknown;
}

/**
 * Keeps the files. With no token to be had a file holds the placeholder, which every authenticating webhook refuses, or,
 * until it expires, the last token that could be had, one of an agent before us included.
 */
export function createTokenFiles({ files, tokens, clock, onWrite }: TokenFilesOptions): TokenFiles {
  const kept: readonly KeptFile[] = files.map(({ host, file }) => ({
    host,
    file,
    endpoint: tokens.keep({ server: `https://${host}` }),
  }));

  function write(one: KeptFile, text: Secret, expiresAt: number, content: TokenFileWrite["content"]): void {
    const { host, file } = one;
    try {
      writeTokenFile(file, text.reveal());
      one.written = { text, expiresAt };
      one.error = undefined;
      onWrite({ host, file, content });
    } catch (error) {
      // said once, tried again at every update
      if (one.error === undefined) onWrite({ host, file, content, error });
      one.error = error;
    }
  }

  return {
    prepare() {
      for (const one of kept) {
        one.written = readToken(one.file, clock);
        if (one.written === undefined) write(one, placeholder, Number.POSITIVE_INFINITY, "placeholder");
      }
    },
    update() {
      for (const one of kept) {
        const { token } = one.endpoint.state();
        if (token !== undefined) {
          if (one.written?.text.reveal() !== token.token.reveal())
            write(one, token.token, token.expiresAt, "token");
        } else if (one.written === undefined || one.written.expiresAt <= clock.now())
          write(one, placeholder, Number.POSITIVE_INFINITY, "placeholder");
      }
    },
    faults: () =>
      new Map(kept.filter(({ error }) => error !== undefined).map(({ host, error }) => [host, error])),
  };
}

const placeholder = new Secret(placeholderToken);

/** What an agent before us left: a token with some life in it, in a file that is private. */
function readToken(file: string, clock: Clock): KeptFile["written"] {
  try {
    const text = new Secret(readPrivate(file));
    const expiresAt = expiryOf(text) ?? 0;
    return expiresAt > clock.now() ? { text, expiresAt } : undefined;
  } catch {
    return undefined;
  }
}

function readPrivate(file: string): string {
  // without O_NONBLOCK a FIFO in the file's place would hang us
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    const usable = stats.isFile() && stats.size <= maxTokenBytes && privacyFault(stats) === undefined;
    return usable ? readFileSync(descriptor, "utf8") : "";
  } finally {
    closeSync(descriptor);
  }
}
