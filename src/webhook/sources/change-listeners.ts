/** Who wants to be told of changes. */
export interface ChangeListeners {
  /** The function that comes back ends it. */
  add(listener: () => void): () => void;
  tell(): void;
}

export function createChangeListeners(): ChangeListeners {
  const listeners = new Set<{ readonly listener: () => void }>();
  return {
    add(listener) {
      // the same function may be added twice
      const entry = { listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    tell() {
      for (const { listener } of [...listeners]) {
        try {
          listener();
        } catch (error) {
          // a listener's fault is its program's: it must not end the watch, and must not go unseen
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
}
