/** Something that a configuration names and that has to be ended: a watched file, an issuer whose keys are refreshed. */
export interface KeptPart {
  close(): unknown;
}

/** Gives the part that is described so, loading it where there is none yet. */
export type KeepPart = <Part extends KeptPart>(
  description: readonly unknown[],
  load: () => Promise<Part>,
) => Promise<Part>;

export interface LoadedFromParts<T> {
  readonly value: T;
  /** Takes what was loaded into use: parts that nothing asked for this time are closed. */
  commit(): Promise<void>;
  /** Closes what was loaded for it alone; what was in use stays so. */
  discard(): Promise<void>;
}

/** The parts of a configuration that is exchanged while they are in use. */
export interface KeptParts {
  /**
   * Loads anew, reusing every part whose description stays the same: an issuer goes on with the keys it has, a policy
   * with its last good one. Where `build` throws, all that it loaded is closed and what was in use stays so.
   */
  load<T>(build: (keep: KeepPart) => Promise<T>): Promise<LoadedFromParts<T>>;
  close(): Promise<void>;
}

type Loading = ReadonlyMap<string, Promise<KeptPart>>;

export function createKeptParts(): KeptParts {
  let inUse: Loading = new Map();
  return {
    async load(build) {
      const before = inUse;
      const next = new Map<string, Promise<KeptPart>>();
      const keep: KeepPart = <Part extends KeptPart>(
        description: readonly unknown[],
        load: () => Promise<Part>,
      ) => {
        const key = JSON.stringify(description);
        const part = next.get(key) ?? before.get(key) ?? load();
        next.set(key, part);
        // one description is loaded by one function
        return part as Promise<Part>;
      };
      const discard = (): Promise<void> => closeAllBut(next, before);
      try {
        const value = await build(keep);
        const commit = (): Promise<void> => {
          inUse = next;
          return closeAllBut(before, next);
        };
        return { value, commit, discard };
      } catch (error) {
        await discard();
        throw error;
      }
    },
    close: () => closeAllBut(inUse, new Map()),
  };
}

/** What is still loading is waited for: it could not be closed before. */
async function closeAllBut(parts: Loading, kept: Loading): Promise<void> {
  const closing = [...parts].map(async ([key, loading]) => {
    if (kept.get(key) === loading) return;
    const part = await loading.catch(() => undefined);
    await part?.close();
  });
  await Promise.all(closing);
}
