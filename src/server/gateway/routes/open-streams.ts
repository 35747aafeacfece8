/** Told of answers that may go on for hours. */
export interface OpenStreams {
  /** Gives what to call when the stream has ended. */
  open(): () => void;
}

/** For whoever does not count. */
export const uncountedStreams: OpenStreams = { open: () => () => undefined };
