import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { TokenFiles } from "./private-token-files.ts";
import type { Token, TokenSource } from "./token-source.ts";

/** How soon client-go asks again when it was given a token that could not be renewed. */
const retryMs = 10_000;

/** client-go uses a token up to the second it is told and has no leeway, hence the fifth of the lifetime we keep back. */
const usedShare = 0.8;

export interface ExecTokenProviderOptions {
  readonly source: TokenSource;
  /** Everything the token depends on, in one string without a secret. */
  readonly key: string;
  /** Where tokens outlive the process. Without it every run asks the source. */
  readonly files?: TokenFiles;
  /** Told of what went wrong although a token can be given: a failed renewal, a folder that is not private. */
  readonly onProblem?: (error: unknown) => void;
  readonly clock?: Clock;
}

export interface ExecToken {
  readonly token: Token["token"];
  /** Epoch ms at which client-go is to ask again: before the token expires. */
  readonly askAgainAt: number;
}

export interface ExecTokenProvider {
  /** The kept token while it is fresh, and nothing is waited for. */
  kept(): ExecToken | undefined;
  /**
   * A token from the source, which is then kept. Where that fails, by `signal` too, a kept one that has not expired,
   * to be asked for again in 10 s.
   * @throws the source's error, or the signal's reason, when there is no token to give.
   */
  renewed(signal: AbortSignal): Promise<ExecToken>;
}

/** One token for one run of the credential plugin. */
export function createExecTokenProvider(options: ExecTokenProviderOptions): ExecTokenProvider {
  const { source, key, onProblem, clock = systemClock } = options;
  let { files } = options;
  const held = readKept();

  function readKept(): Token | undefined {
    try {
      return files?.read(key);
    } catch (error) {
      onProblem?.(error);
      // what cannot be read in private is not written either, nor complained of twice
      files = undefined;
      return undefined;
    }
  }

  function keep(token: Token): void {
    try {
      files?.write(key, token);
    } catch (error) {
      onProblem?.(error);
    }
  }

  return {
    kept() {
      if (held === undefined) return undefined;
      const now = clock.now();
      const askAgainAt = renewalInstant(held);
      // a clock that has moved back tells nothing of the token's age
      return now >= held.requestedAt && now < askAgainAt ? { token: held.token, askAgainAt } : undefined;
    },
    async renewed(signal) {
      try {
        const token = assertAlive(await raced(source.token({ signal }), signal), clock);
        keep(token);
        return { token: token.token, askAgainAt: renewalInstant(token) };
      } catch (error) {
        const now = clock.now();
        if (held === undefined || now >= held.expiresAt || now < held.requestedAt) throw error;
        onProblem?.(error);
        return { token: held.token, askAgainAt: Math.min(now + retryMs, held.expiresAt) };
      }
    },
  };
}

function renewalInstant({ requestedAt, expiresAt }: Token): number {
  return requestedAt + (expiresAt - requestedAt) * usedShare;
}

/** A source that does not heed its signal must not hold the plugin either. */
function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    work.then(resolve, reject);
  });
}

function assertAlive(token: Token, clock: Clock): Token {
  const lateMs = clock.now() - token.expiresAt;
  if (lateMs < 0) return token;
  throw new CountersignError(
    "ERR_TOKEN_EXPIRED_ON_ARRIVAL",
    `the token that came had expired ${Math.round(lateMs / 1000)} s before on our clock: set this machine's clock and the API server's to the same time`,
  );
}
