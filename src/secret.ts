import { inspect } from "node:util";

const redacted = "[redacted]";

/**
 * A string that cannot be printed: `String(secret)`, template literals, JSON and `util.inspect` all give
 * `[redacted]`. The one way to the text is {@link Secret.reveal}, so that every place that needs it can be found.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. Call it only where the bytes are sent, hashed or verified. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
