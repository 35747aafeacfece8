/** Now and chance, as a value: what a test can hold still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A number in [0, 1), for jitter. Never for secrets. */
  random(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now(), random: () => Math.random() };
